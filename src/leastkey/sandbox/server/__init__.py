"""The process: HTTP on 127.0.0.1, the control door, the run file, the snapshot, and `lifecycle`, which starts and asks it from outside."""
