"""Arrow tables as the structures that other libraries work on."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from backbone.errors import BackboneError, bounded

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["numpy_of", "pandas_of", "polars_of", "torch_of"]


def pandas_of(table: pa.Table) -> pd.DataFrame:
    """Return a data frame.

    Whole numbers and truth values with missing ones among them become the nullable types
    of pandas (Int64, boolean), so no digit is lost; decimals stay decimals.
    """
    import pandas as pd  # noqa: PLC0415 - slow to load

    nullable = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}
    frame: pd.DataFrame = table.to_pandas()
    for name, column in zip(table.column_names, table.columns, strict=True):
        whole = pa.types.is_integer(column.type)
        if column.null_count and (whole or pa.types.is_boolean(column.type)):
            wide = column.cast(pa.int64()) if whole else column
            frame[name] = wide.to_pandas(types_mapper=nullable.get)
    return frame


def polars_of(table: pa.Table) -> Any:
    """Return a polars.DataFrame.

    Raises
    ------
    BackboneError : polars is not installed
    """
    return _library("polars", "to_polars").from_arrow(table)


def numpy_of(table: pa.Table, *, name: str) -> np.ndarray[Any, Any]:
    """Return an array of a row per row and a column per column.

    Whole numbers without missing values stay so; else everything is a double and what is
    missing is NaN. Truth values are 0 and 1.

    Parameters
    ----------
    table : columns of numbers or truth values
    name : how the error calls the table

    Raises
    ------
    BackboneError : a column holds something else
    """
    import numpy as np  # noqa: PLC0415

    odd = [f.name for f in table.schema if not _is_numeric(f.type)]
    if odd:
        fit = [f.name for f in table.schema if _is_numeric(f.type)][:3]
        raise BackboneError(
            f"{name} has columns that are not numbers: {bounded(odd)}",
            hint=f"Name the columns that you want: .to_numpy({fit or ['column']})",
        )
    whole = all(_is_whole(c.type) and not c.null_count for c in table.columns)
    kind = np.dtype(np.int64 if whole else np.float64)
    made = np.empty((table.num_rows, table.num_columns), dtype=kind)
    for position, column in enumerate(table.columns):
        target = pa.int64() if whole else pa.float64()
        made[:, position] = column.cast(target, safe=False).to_numpy()
    return made


def torch_of(table: pa.Table, *, name: str) -> Any:
    """Return a torch.Tensor, as `numpy_of` its array.

    Raises
    ------
    BackboneError : torch is not installed, or a column holds no numbers
    """
    torch = _library("torch", "to_torch")
    return torch.from_numpy(numpy_of(table, name=name))


def _is_numeric(kind: pa.DataType) -> bool:
    return bool(
        _is_whole(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    )


def _is_whole(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_boolean(kind))


def _library(name: str, method: str) -> Any:
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        raise BackboneError(
            f".{method}() needs {name}, which is not installed",
            command=f"pip install {name}",
        ) from error
