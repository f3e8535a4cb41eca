"""`python -m workers` runs `souschef`, and handles Ctrl-C even while the command is being imported."""

from workers import interrupts


def run() -> None:
    """Run the command line with the arguments of this process."""
    interrupts.install()
    try:
        from workers.cli.main import main

        main()
    except KeyboardInterrupt:
        interrupts.end_now()
    except SystemExit as end:
        if end.code == interrupts.INTERRUPTED:
            interrupts.end_now()
        raise


if __name__ == "__main__":
    run()
