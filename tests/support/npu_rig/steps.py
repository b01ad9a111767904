"""Steps of three sequences that cover every state of a network.

They contain prompts, chunks, drafts and decoding, alone and together.
"""

from random import Random

from models.ops.ops import Batch

BLOCK = 128
BLOCKS = {"long": [3, 1], "short": [0], "late": [4, 2]}  # in no order
# Tokens of each sequence in each step: prompts together, then decoding beside a new prompt and a
# draft, then all decoding.
STEPS = [
    {"long": 120, "short": 5},
    {"long": 1, "short": 4, "late": 126},
    {"long": 7, "short": 1, "late": 3},
    {"long": 1, "short": 1, "late": 1},
]


def batches() -> list[Batch]:
    """Make the steps, with every row's logits wanted."""
    random, computed, steps = Random(5), dict.fromkeys(BLOCKS, 0), []
    for step in STEPS:
        batch = Batch([], [], [], [], [], [], [])
        for name, tokens in step.items():
            positions = range(computed[name], computed[name] + tokens)
            computed[name] += tokens
            batch.token_ids.extend(random.choices(range(1, 300), k=tokens))
            batch.positions.extend(positions)
            batch.slots.extend(BLOCKS[name][at // BLOCK] * BLOCK + at % BLOCK for at in positions)
            batch.query_tokens.append(tokens)
            batch.context_tokens.append(computed[name])
            batch.blocks.append(BLOCKS[name])
        batch.wanted.extend(range(len(batch.token_ids)))
        steps.append(batch)
    return steps
