"""Floor 6: the simulation contract, the kernel and its three short drivers.

`simulate` runs a whole history, `sweep` many variants of it, `stepper` a few bars at a time; all of them call
`kernel.advance`. See `docs/execution.md` for what happens in a bar.
"""
