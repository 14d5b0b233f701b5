"""Random mixes of readers that behave well and of others, for hypothesis."""

from __future__ import annotations

import random
from collections.abc import Sequence

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from bench.sinks.plan import Plan, Step

MOST_READERS = 200

# The same examples on every run, however busy the machine is. The first one that fails is told as it is: to look for a
# smaller one takes minutes, as each costs round trips, and what is said of a reader names all that happened to it.
PROFILE = settings(
    phases=[Phase.explicit, Phase.generate],
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)

Steps = tuple[Step, ...]

WELL = Step()
# Answers that say what became of the frame.
DEFINITE = [
    WELL,
    Step(how="trickle"),
    Step(delay=0.01),
    Step(400),
    Step(410),
    Step(410, "trickle"),
    Step(413),
    Step(403),
]
PASSING = [Step(429), Step(503), Step(500), Step(429, "trickle"), Step(503, delay=0.01)]
# The frame may have reached the client, or not, and nobody knows.
UNKNOWN = [
    *(Step(how="cut", taken=taken) for taken in (False, True)),
    *(Step(how="shut", taken=taken) for taken in (False, True)),
    *(Step(how="reset", taken=taken) for taken in (False, True)),
]
DROPS = ("reset", "shut")
HANGS = [Step(how="hang", taken=taken) for taken in (False, True)]


def steps(last: Sequence[Step]) -> st.SearchStrategy[Steps]:
    """What becomes of one reader's requests: some that pass, perhaps one 5xx that the client heard, and a last one."""
    passing = st.lists(st.sampled_from(PASSING), max_size=3)
    heard = st.sampled_from([(), (), (Step(500, taken=True),)])
    final = st.sampled_from(last)
    return st.builds(_one_reader, passing, heard if set(last) & set(UNKNOWN) else st.just(()), final)


def _one_reader(passing: list[Step], heard: Steps, final: Step) -> Steps:
    # One unknown fate for each, or a frame might come three times.
    if final in UNKNOWN and final.takes:
        heard = ()
    # A request that met the end of a kept connection may go out once more.
    return (*passing, *heard, final, *([WELL] if final.how in DROPS else []))


@st.composite
def plans(draw: st.DrawFn, last: Sequence[Step] = DEFINITE, most: int = MOST_READERS) -> Plan:
    """A plan for up to `most` readers: those that do well, and crowds of others among them."""
    crowds = [((WELL,), draw(st.integers(0, most // 2)))]
    crowds += draw(st.lists(st.tuples(steps(last), st.integers(1, max(1, most // 8))), min_size=1, max_size=8))
    everyone = [each for each, number in crowds for _ in range(number)][:most]
    random.Random(draw(st.integers(0, 2**16))).shuffle(everyone)
    return Plan({f"L{number}=/é": each for number, each in enumerate(everyone)}, keep_frames=True)
