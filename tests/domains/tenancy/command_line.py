"""A group of `frontdesk`'s commands, as an operator types them."""

from __future__ import annotations

from typer.testing import CliRunner, Result

from frontdesk.core.cli import build_app
from frontdesk.core.errors import ConfigurationError


class CommandLine:
    """One group, such as `frontdesk tenant`."""

    def __init__(self, group: str) -> None:
        self._group = group

    def run(self, *words: str, typed: str = "") -> Result:
        """Run a command, whose questions are answered by what is typed."""
        return CliRunner().invoke(build_app(self._group), [self._group, *words], input=typed)

    def said(self, *words: str, typed: str = "") -> str:
        """Return what a command that succeeds says."""
        result = self.run(*words, typed=typed)
        assert result.exit_code == 0, (result.output, result.exception)
        return result.output

    def refused(self, *words: str, typed: str = "") -> str:
        """Return the words that a command ends with."""
        result = self.run(*words, typed=typed)
        assert isinstance(result.exception, ConfigurationError), result.output
        return result.exception.detail
