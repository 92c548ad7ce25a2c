from fastheur.batch import Array

def backward(
    moves: Array, pushes: Array, misses: Array, by_state: Array, by_action: Array, room: Array, damping: Array
) -> tuple[Array, Array]: ...
