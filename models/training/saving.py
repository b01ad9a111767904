"""A trained network as a checkpoint folder: bf16 tensors in safetensors, the configuration, the tokenizer, a chat template."""

import json
from pathlib import Path

from tokenizers import Tokenizer
from transformers import PreTrainedModel

from models.training.vocabulary import END

# The model only knows Python files, so a chat is shown to it as comments and code, which it has seen.
CHAT_TEMPLATE = """{%- for message in messages -%}
{{ '# ' ~ message['role'] ~ ': ' ~ message['content'] | replace('\\n', '\\n# ') ~ '\\n' }}
{%- endfor -%}
{%- if add_generation_prompt -%}{{ '# assistant:\\n' }}{%- endif -%}
"""


def save_checkpoint(network: PreTrainedModel, tokenizer: Tokenizer, folder: Path) -> None:
    """Write the folder that any reader of the hub's format can open."""
    folder.mkdir(parents=True, exist_ok=True)
    network.bfloat16().save_pretrained(folder)
    network.float()  # its rounding stays: what is drafted for is what is served
    tokenizer.save(str(folder / "tokenizer.json"))
    about = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "eos_token": END,
        "model_max_length": network.config.max_position_embeddings,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(about, indent=2) + "\n")
    (folder / "chat_template.jinja").write_text(CHAT_TEMPLATE)
