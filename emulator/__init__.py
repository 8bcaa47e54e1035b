"""A Heroku for your own machine: the Platform API and webhook delivery, as far as we use them."""
