"""What people ask for, carried out on a real database and an emulated Heroku."""
