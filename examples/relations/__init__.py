"""How the answer of a task follows from its quantities, and which numbers are worth asking about.

Each relation has a name that `task_templates/*.toml` uses and that `examples.answer_checker` answers in its own way.

"""

from examples.relations.algebra import ALGEBRA
from examples.relations.arithmetic import ARITHMETIC
from examples.relations.conditions import ConditionError, holds
from examples.relations.data import DATA
from examples.relations.geometry import GEOMETRY
from examples.relations.values import Answer, Choice, Quantities, Relation, like

RELATIONS: dict[str, Relation] = {**ARITHMETIC, **ALGEBRA, **DATA, **GEOMETRY}

__all__ = ["RELATIONS", "Answer", "Choice", "ConditionError", "Quantities", "Relation", "holds", "like"]
