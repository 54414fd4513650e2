"""A real site under load, and one fault after another: `make soak`."""

import django

django.setup()  # the users that it makes are rows of models
