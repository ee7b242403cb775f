"""`python -m hub`: the `hub` command, for whoever has an interpreter and no path to the command."""

from hub.cli import main

if __name__ == "__main__":
    main()
