"""The one way in: `wire` reads a request, `authenticate` finds out who sends it, `judge` asks whether it may."""
