"""Tests of the core: values in, values out; time is a parameter."""
