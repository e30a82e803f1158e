"""What rendered files will do: rules, routes, label sets, timelines."""
