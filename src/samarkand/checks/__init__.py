"""The checks, by subject: plain functions over a `View`; `samarkand.check` lists and runs them."""
