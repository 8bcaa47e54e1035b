"""Which addresses are asked, and peers on real sockets for the tests of every client."""
