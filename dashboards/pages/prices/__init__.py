"""The page of the price war: what tokens cost, who cut when, spend beside tokens."""
