"""The proof: one probe a grant line and a set that must be denied, each judged by our engine and by a real call.

`matrix` and `lines` say what is asked, `calls` how to ask it without changing anything, `judge` is the engine's verdict,
`answers` AWS's, `run` puts both together and `report` shows them. No probe may change anything, even wrongly allowed.
"""
