"""Export of a trained network as a checkpoint folder.

The folder has bf16 tensors in safetensors, the configuration, the tokenizer and a chat template.
"""

import json
from pathlib import Path

from tokenizers import Tokenizer
from transformers import PreTrainedModel

from models.training.tokenizer import END

# The model has only seen Python files, so a chat is written as comments and code.
CHAT_TEMPLATE = """{%- for message in messages -%}
{{ '# ' ~ message['role'] ~ ': ' ~ message['content'] | replace('\\n', '\\n# ') ~ '\\n' }}
{%- endfor -%}
{%- if add_generation_prompt -%}{{ '# assistant:\\n' }}{%- endif -%}
"""


def save_checkpoint(network: PreTrainedModel, tokenizer: Tokenizer, folder: Path) -> None:
    """Write the folder in the format of the Hugging Face hub."""
    folder.mkdir(parents=True, exist_ok=True)
    network.bfloat16().save_pretrained(folder)
    network.float()  # keeps the rounding, so that the draft learns the target as it is served
    tokenizer.save(str(folder / "tokenizer.json"))
    tokenizer_config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "eos_token": END,
        "model_max_length": network.config.max_position_embeddings,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(tokenizer_config, indent=2) + "\n")
    (folder / "chat_template.jinja").write_text(CHAT_TEMPLATE)
