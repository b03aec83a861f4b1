"""The AWS that the tests run on: moto in one process, with tasks that really run and functions that are really called.

Responsible for what the product needs of AWS, with the words and the order of events that AWS uses. Never part of the product.
"""
