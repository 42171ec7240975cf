"""Groups of commands: loaded when they are asked for, and with a first word that may be left out."""

from collections.abc import Mapping
from importlib import import_module
from typing import ClassVar

import click


class LazyGroup(click.Group):
    """Looks a command up by name, so that one verb's help loads no other verb's file."""

    homes: ClassVar[Mapping[str, str]] = {}
    """Where each command is that is not loaded yet, as `module:name`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All commands, sorted."""
        return sorted({*self.homes, *self.commands})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, imported here and not before."""
        if cmd_name not in self.homes:
            return super().get_command(ctx, cmd_name)
        module, name = self.homes[cmd_name].split(":")
        command: click.Command = getattr(import_module(module), name)
        return command


class DefaultGroup(LazyGroup):
    """A group whose first word may be left out where it is `default`."""

    default: ClassVar[str]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the default in front of what begins with no command of the group."""
        if args and args[0] not in self.list_commands(ctx) and args[0] not in ctx.help_option_names:
            args = [self.default, *args]
        return super().parse_args(ctx, args)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name; any other word is an argument of the default one."""
        return super().get_command(ctx, cmd_name) or super().get_command(ctx, self.default)
