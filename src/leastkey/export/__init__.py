"""What a spec says, written for other tools: values in, text out."""
