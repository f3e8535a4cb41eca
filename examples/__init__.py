"""The example school, and the generator that makes its tasks.

A *task template* (`task_templates/*.toml`) is one quantity relation written out in eight contexts and once neutrally. A
*skill* (`skills.csv`) is practised by two or more templates, each with number ranges for three difficulties
(`practice.toml`). From a seed, `catalogue` draws the numbers of each (skill, template, difficulty) once and writes them
into every context: a menu of the same task. `relations` computes the answer while drawing, and `answer_checker`, which
sees nothing but the finished text, finds it a second time. `python -m examples.generate` writes it all as the files
that `souschef load` reads.

"""
