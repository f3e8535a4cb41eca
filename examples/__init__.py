"""The example school, and the generator that makes its tasks.

A *shape* (`shapes/*.toml`) is one quantity relation written out in eight contexts and once neutrally. A *skill*
(`skills.csv`) is practised by two or more shapes, each with number ranges for three difficulties (`practice.toml`).
From a seed, `catalogue` draws the numbers of each (skill, shape, difficulty) once and writes them into every context:
a menu of the same task. The answer is computed by `relations` while drawing, and found a second time by `solver`,
which sees nothing but the finished text. `python -m examples.generate` writes it all as the files that
`souschef load` reads.
"""
