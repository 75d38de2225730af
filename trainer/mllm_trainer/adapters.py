"""Models with and without an adapter, told apart by what PEFT puts around them."""

from typing import Any


def below_adapter(model: Any) -> Any:
    """The model without what PEFT wraps around it."""
    return model.get_base_model() if hasattr(model, "get_base_model") else model


def adapters_of(model: Any) -> list[Any]:
    """The configurations of its adapters."""
    return list(getattr(model, "peft_config", {}).values())
