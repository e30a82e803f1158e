def attack(world, dice):
    return iter(())
