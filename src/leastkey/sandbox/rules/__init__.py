"""Where the sandbox is truer to AWS than moto. `hooks` is asked before and after moto, and instead of it."""
