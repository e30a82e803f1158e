"""What the policy means and promises: defaults applied, alerts expanded, times derived."""
