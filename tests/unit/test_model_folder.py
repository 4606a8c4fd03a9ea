"""Model folders of another format are refused in words that say what to do."""

from pathlib import Path

import numpy as np
import pytest

from models.folder import ModelFolderError, load_as, save


def test_a_model_of_another_format_names_the_command_that_makes_it_again(tmp_path: Path) -> None:
    save(tmp_path, {"format": 1}, {"one": np.ones(2, dtype=np.float32)}, "# a card")
    assert load_as(tmp_path, 1, "earshot train it").tensors["one"].tolist() == [1.0, 1.0]
    with pytest.raises(ModelFolderError, match="format 1, this Earshot reads 2; run `earshot train it` again"):
        load_as(tmp_path, 2, "earshot train it")
