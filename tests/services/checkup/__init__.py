"""Tests of the doctor: what is judged, by tables, and the whole examination of an office."""
