"""Settings are checked once, and what is wrong is named with its value."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from wordkin.engines.settings import ExactSettings, StochasticSettings, settings_for
from wordkin.system.errors import SettingsError


def test_the_defaults_can_be_used() -> None:
    settings = StochasticSettings()
    assert settings.objective == "negative-sampling"
    assert settings.threads >= 1


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("dim", 0, "dim must be at least 1, got 0"),
        ("dim", -3, "dim must be at least 1, got -3"),
        ("dim", 1 << 21, "dim must be at most 1048576, got 2097152"),
        ("dim", 1.5, "dim must be a whole number, got 1.5"),
        ("dim", True, "dim must be a whole number, got True"),
        ("dim", "100", "dim must be a whole number, got '100'"),
        ("window", 0, "window must be at least 1, got 0"),
        ("negatives", 0, "negatives must be at least 1, got 0"),
        ("epochs", 0, "epochs must be at least 1, got 0"),
        ("min_count", 0, "min_count must be at least 1, got 0"),
        ("max_vocab", 0, "max_vocab must be at least 1, got 0"),
        ("threads", 0, "threads must be at least 1, got 0"),
        ("threads", 5000, "threads must be at most 4096, got 5000"),
        ("seed", -1, "seed must be at least 0, got -1"),
        ("seed", 1 << 64, "seed must be at most"),
        ("subsample", -1e-4, "subsample must be at least 0, got -0.0001"),
        ("subsample", float("nan"), "subsample must be finite, got nan"),
        ("learning_rate", 0, "learning_rate must be above 0, got 0"),
        ("learning_rate", -0.1, "learning_rate must be at least 0, got -0.1"),
        ("learning_rate", float("inf"), "learning_rate must be finite, got inf"),
        ("learning_rate", "fast", "learning_rate must be a number, got 'fast'"),
        ("objective", "cbow", "objective must be negative-sampling or naive-softmax, got 'cbow'"),
        ("deterministic", 1, "deterministic must be True or False, got 1"),
        ("deterministic", "no", "deterministic must be True or False, got 'no'"),
        ("deterministic", None, "deterministic must be True or False, got None"),
        ("held_out", -0.01, "held_out must be at least 0, got -0.01"),
        ("held_out", 1, "held_out must be below 1, got 1"),
        ("held_out", float("nan"), "held_out must be finite, got nan"),
        ("held_out", True, "held_out must be a number, got True"),
        ("held_out", None, "held_out must be a number, got None"),
        ("patience", 0, "patience must be at least 1, got 0"),
        ("patience", 2.0, "patience must be a whole number, got 2.0"),
        ("patience", True, "patience must be a whole number, got True"),
    ],
)
def test_a_value_that_cannot_be_used_is_named(name: str, value: Any, message: str) -> None:
    with pytest.raises(SettingsError) as error:
        StochasticSettings(**{name: value})
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("seed", 0),
        ("seed", (1 << 64) - 1),
        ("subsample", 0),
        ("max_vocab", None),
        ("dim", 1),
        ("deterministic", False),
        ("held_out", 0),
        ("held_out", 0.999),
        ("patience", None),
        ("patience", 1),
    ],
)
def test_values_at_the_border_can_be_used(name: str, value: Any) -> None:
    assert getattr(StochasticSettings(**{name: value}), name) == value


@pytest.mark.parametrize("settings", [StochasticSettings, ExactSettings])
def test_patience_needs_held_out_lines(
    settings: type[StochasticSettings] | type[ExactSettings],
) -> None:
    assert settings(held_out=0.0).patience is None
    with pytest.raises(SettingsError, match="patience needs held-out lines, and held_out is 0"):
        settings(held_out=0.0, patience=2)


def test_settings_come_back_from_plain_data() -> None:
    settings = StochasticSettings(dim=7, max_vocab=10, objective="naive-softmax")
    assert settings_for(**settings.as_dict()) == settings


def test_the_objective_chooses_the_engine_unless_one_is_named() -> None:
    assert isinstance(settings_for(), StochasticSettings)
    assert isinstance(settings_for(objective="negative-sampling"), StochasticSettings)
    assert isinstance(settings_for(objective="naive-softmax"), ExactSettings)
    assert settings_for(engine="exact").objective == "naive-softmax"
    other = settings_for(engine="exact", objective="negative-sampling")
    assert isinstance(other, ExactSettings)
    assert other.objective == "negative-sampling"
    assert isinstance(
        settings_for(engine="stochastic", objective="naive-softmax"), StochasticSettings
    )


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"engine": "exact", "epochs": 3}, "epochs is a setting of the stochastic engine"),
        ({"ridge": 1.0}, "ridge is a setting of the exact engine, not of stochastic"),
        ({"engine": "fast"}, "engine must be stochastic or exact, got 'fast'"),
        ({"objective": "cbow"}, "objective must be negative-sampling or naive-softmax"),
        ({"engine": "exact", "ridge": -1.0}, "ridge must be at least 0, got -1.0"),
        ({"engine": "exact", "tolerance": float("nan")}, "tolerance must be finite, got nan"),
        ({"engine": "exact", "max_passes": 0}, "max_passes must be at least 1, got 0"),
        ({"engine": "exact", "precision": "half"}, "precision must be float32 or"),
        ({"engine": "exact", "precision": "bfloat16"}, "bfloat16 needs a PyTorch device"),
        ({"engine": "exact", "held_out": 1.5}, "held_out must be below 1, got 1.5"),
        ({"engine": "exact", "patience": -1}, "patience must be at least 1, got -1"),
        ({"engine": "exact", "deterministic": True}, "deterministic is a setting of the stochas"),
        ({"engine": "exact", "device": ""}, "device must be a name such as cpu or cuda, got ''"),
    ],
)
def test_a_setting_of_another_engine_is_named(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError) as error:
        settings_for(**settings)
    assert message in str(error.value)


def test_a_setting_that_nobody_knows_is_a_type_error() -> None:
    with pytest.raises(
        TypeError, match="no such setting: vector_size; the settings are: engine, objec"
    ):
        settings_for(vector_size=100)


def test_settings_do_not_change() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        StochasticSettings().dim = 3  # type: ignore[misc]
