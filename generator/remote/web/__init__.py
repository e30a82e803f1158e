"""The one HTTP client: `client` asks, `line` is one connection, `addresses` says where it may lead."""

from generator.remote.web.addresses import is_loopback, valid
from generator.remote.web.client import Client
from generator.remote.web.line import Answer
from generator.remote.web.quoting import quoted
from generator.remote.web.trouble import NoAnswer, Trouble

__all__ = ["MIB", "Answer", "Client", "NoAnswer", "Trouble", "is_loopback", "quoted", "valid"]

MIB = 1 << 20
