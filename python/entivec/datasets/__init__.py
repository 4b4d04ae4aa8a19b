"""Generated data whose hidden causes are known."""

from entivec.datasets._customers import Customers, make_customers
from entivec.datasets._disentanglement import DisentanglementTable, make_disentanglement_table

__all__ = [
    "Customers",
    "DisentanglementTable",
    "make_customers",
    "make_disentanglement_table",
]
