"""Generated data whose hidden causes are known."""

from entivec.datasets._baskets import Baskets, make_baskets
from entivec.datasets._customers import Customers, make_customers
from entivec.datasets._disentanglement import DisentanglementTable, make_disentanglement_table
from entivec.datasets._log import WebLog, make_log
from entivec.datasets._orders import make_orders
from entivec.datasets._payments import Payments, make_payments

__all__ = [
    "Baskets",
    "Customers",
    "DisentanglementTable",
    "Payments",
    "WebLog",
    "make_baskets",
    "make_customers",
    "make_disentanglement_table",
    "make_log",
    "make_orders",
    "make_payments",
]
