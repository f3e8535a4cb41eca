"""Totals that only rise, for the operator's dashboards."""

from sqlalchemy import Column, Float, Integer
from sqlmodel import Field

from models.tables.base import Table, in_schema, plain_text


class Tally(Table, table=True):
    """One row is a part of one total: kept apart by connection, so that workers do not wait for each other."""

    __tablename__ = "tally"
    __table_args__ = in_schema()

    name: str = Field(sa_column=plain_text(key=True))
    label: str = Field(sa_column=plain_text(key=True))
    shard: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    value: float = Field(sa_column=Column(Float, nullable=False))
