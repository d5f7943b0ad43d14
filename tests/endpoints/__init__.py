"""Tests of endpoints: what names mean, and what is started for them."""
