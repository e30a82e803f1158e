"""The one HTTP client: `client` asks, `line` is one connection, `addresses` says where it may lead."""

from generator.web.addresses import is_loopback, valid
from generator.web.client import Client
from generator.web.line import Answer
from generator.web.quoting import quoted
from generator.web.trouble import NoAnswer, Trouble

__all__ = ["MIB", "Answer", "Client", "NoAnswer", "Trouble", "is_loopback", "quoted", "valid"]

MIB = 1 << 20
