"""From data to the models that ship: what each is trained on, and the commands behind `earshot train`."""
