"""What a recipe is: its fields, their ranges, its networks."""
