"""Text from outside (names in a file, words of a board) as it may be shown."""

import re

# Controls, which move the cursor or begin another line, separators that begin one too, what turns the
# direction of writing, and halves of characters that no terminal takes.
_ACTING = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: str) -> str:
    """The text with `\\x1b` for an escape, `\\n` for a line's end and so on: one line that does nothing."""
    return _ACTING.sub(lambda found: repr(found.group())[1:-1], text)


def shortened(text: str, most: int = 80) -> str:
    """The text, or its beginning and its end with dots between, in at most so many characters."""
    if len(text) <= most:
        return text
    half = (most - 3) // 2
    return f"{text[: most - 3 - half]}...{text[-half:]}"
