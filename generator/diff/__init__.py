"""Two policies compared by what they do: who is told, when at the latest, through what, silenced by what.

`sides.pair` makes two sides comparable, `compare.compare` says what differs; the rest says it to somebody.
"""
