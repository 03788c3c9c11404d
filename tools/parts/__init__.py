"""Parts of the tools: what several of them use, and no command of its own."""
