"""The doctor's rooms: each judges one area, values in, findings out; the doctor gathers them."""
