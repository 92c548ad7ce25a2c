"""Compiled kernels of fastheur: streaming trajectory scoring and whole-batch frame preprocessing.

Every public function is a thin wrapper that checks and allocates; the loops under it are
``noexcept nogil``. The module imports nothing of the package. Slow NumPy twins with the same names
and signatures stand in ``fastheur/_reference.py`` and are what the tests compare with.
"""

cimport numpy as cnp
from cpython.ref cimport PyObject
from cython.parallel cimport prange
from libc.stdint cimport int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcpy, memset

import numpy as np

cnp.import_array()


# ---------------------------------------------------------------------------------------------
# Trajectory scoring
# ---------------------------------------------------------------------------------------------

cdef packed struct Accumulator:
    double ret
    double discounted
    double discount
    double best
    double worst
    int64_t length
    int64_t last_reward_step
    uint64_t action_hash
    int32_t lives
    int32_t lives_lost


ACCUMULATOR = np.dtype([
    ("ret", "f8"),
    ("discounted", "f8"),
    ("discount", "f8"),
    ("best", "f8"),
    ("worst", "f8"),
    ("length", "i8"),
    ("last_reward_step", "i8"),
    ("action_hash", "u8"),
    ("lives", "i4"),
    ("lives_lost", "i4"),
])
"""One slot's running score, 72 bytes, every field naturally aligned.

``ret`` undiscounted return; ``discounted`` return weighted by gamma**t; ``discount`` the weight of the
next reward; ``best`` and ``worst`` extremes of the running return, its start value 0 included;
``length`` environment steps; ``last_reward_step`` the length after the last step whose reward was not
zero, -1 when there was none; ``action_hash`` see :func:`hash_actions`; ``lives`` as last reported;
``lives_lost`` sum of all drops of ``lives``.
"""

HASH_START = 0x243F6A8885A308D3
"""Action hash of an empty sequence: the first 64 fractional bits of pi (a nothing-up-my-sleeve number)."""

cdef object _ACCUMULATOR = ACCUMULATOR
cdef uint64_t _HASH_START = HASH_START

if ACCUMULATOR.itemsize != sizeof(Accumulator):
    raise ImportError(f"ACCUMULATOR has {ACCUMULATOR.itemsize} bytes, the compiled struct {sizeof(Accumulator)}")


# The per-step wrappers go through NumPy's C API and not through typed memoryviews: acquiring a buffer
# of a structured dtype parses its format string, which alone costs more than a whole step of 256 slots.
# For the same reason they keep the GIL: the loops below take a microsecond, and taking a released GIL
# back from another thread can take thousands.

cdef Accumulator* _slots_of(object acc, Py_ssize_t* size) except NULL:
    cdef cnp.ndarray array
    if not isinstance(acc, cnp.ndarray):
        raise TypeError(f"acc must be a NumPy array of dtype ACCUMULATOR, got {type(acc).__name__}")
    array = <cnp.ndarray>acc
    if <PyObject*>cnp.PyArray_DESCR(array) != <PyObject*>_ACCUMULATOR and array.dtype != _ACCUMULATOR:
        raise TypeError(f"acc must have dtype ACCUMULATOR, got {array.dtype}")
    if cnp.PyArray_NDIM(array) != 1:
        raise ValueError(f"acc must have 1 dimension, got {cnp.PyArray_NDIM(array)}")
    if not cnp.PyArray_ISCARRAY(array):
        raise ValueError("acc must be C-contiguous, aligned and writeable, as it is updated in place")
    size[0] = cnp.PyArray_DIM(array, 0)
    return <Accumulator*>cnp.PyArray_DATA(array)


cdef cnp.ndarray _typed(object value, int typenum, int ndim, str name):
    """Return `value` as a C-contiguous array of exactly that dtype; copies only strided input."""
    cdef cnp.ndarray array
    cdef object wanted
    if not isinstance(value, cnp.ndarray):
        raise TypeError(f"{name} must be a NumPy array, got {type(value).__name__}")
    array = <cnp.ndarray>value
    if cnp.PyArray_NDIM(array) != ndim:
        raise ValueError(f"{name} must have {ndim} dimension(s), got shape {value.shape}")
    if cnp.PyArray_TYPE(array) == typenum and cnp.PyArray_ISCARRAY_RO(array):
        return array
    wanted = cnp.PyArray_DescrFromType(typenum)
    if array.dtype != wanted:
        raise TypeError(f"{name} must have dtype {wanted}, got {array.dtype}")
    return np.require(array, wanted, ["C", "A"])


cdef inline int _check_rows(cnp.ndarray array, Py_ssize_t rows, str name) except -1:
    if cnp.PyArray_DIM(array, 0) != rows:
        raise ValueError(f"{name} must have one row per slot ({rows}), got {cnp.PyArray_DIM(array, 0)}")
    return 0


cdef inline Py_ssize_t _first_bad_slot(const int32_t* slots, Py_ssize_t rows, Py_ssize_t size) noexcept nogil:
    cdef Py_ssize_t row
    for row in range(rows):
        if slots[row] < 0 or slots[row] >= size:
            return row
    return -1


cdef const int32_t* _slot_indices(cnp.ndarray slots, Py_ssize_t size) except NULL:
    """Return the slot indices once all are known to be in range, so a bad call changes no slot."""
    cdef const int32_t* data = <const int32_t*>cnp.PyArray_DATA(slots)
    cdef Py_ssize_t bad = _first_bad_slot(data, cnp.PyArray_DIM(slots, 0), size)
    if bad >= 0:
        raise IndexError(f"slots[{bad}] is {data[bad]}, expected 0..{size - 1} ({size} slots)")
    return data


cdef void _reset(Accumulator* acc, const int32_t* slots, const int32_t* lives, Py_ssize_t rows) noexcept nogil:
    cdef Py_ssize_t row
    cdef Accumulator* slot
    for row in range(rows):
        slot = &acc[slots[row]]
        slot.ret = 0.0
        slot.discounted = 0.0
        slot.discount = 1.0
        slot.best = 0.0
        slot.worst = 0.0
        slot.length = 0
        slot.last_reward_step = -1
        slot.action_hash = _HASH_START
        slot.lives = lives[row]
        slot.lives_lost = 0


def score_reset(acc, slots, lives):
    """Start a new trajectory in the named slots.

    acc: ACCUMULATOR (S,), updated in place; slots: int32 (R,), each 0..S-1; lives: int32 (R,), the lives
    the trajectory starts with. Raises TypeError for a wrong dtype, ValueError for a wrong shape and
    IndexError for a slot out of range; no slot is changed then.
    """
    cdef Py_ssize_t size = 0
    cdef Accumulator* data = _slots_of(acc, &size)
    cdef cnp.ndarray slots_ = _typed(slots, cnp.NPY_INT32, 1, "slots")
    cdef cnp.ndarray lives_ = _typed(lives, cnp.NPY_INT32, 1, "lives")
    cdef Py_ssize_t rows = cnp.PyArray_DIM(slots_, 0)
    _check_rows(lives_, rows, "lives")
    _reset(data, _slot_indices(slots_, size), <const int32_t*>cnp.PyArray_DATA(lives_), rows)


ctypedef fused reward_t:
    float
    double


cdef void _step(Accumulator* acc, const int32_t* slots, const reward_t* rewards, const int32_t* lives,
                Py_ssize_t rows, double gamma) noexcept nogil:
    cdef Py_ssize_t row
    cdef double reward
    cdef Accumulator* slot
    for row in range(rows):
        slot = &acc[slots[row]]
        reward = rewards[row]
        slot.ret += reward
        slot.discounted += slot.discount * reward
        slot.discount *= gamma
        if slot.ret > slot.best:
            slot.best = slot.ret
        if slot.ret < slot.worst:
            slot.worst = slot.ret
        slot.length += 1
        if reward != 0.0:
            slot.last_reward_step = slot.length
        if lives[row] < slot.lives:
            slot.lives_lost += slot.lives - lives[row]
        slot.lives = lives[row]


def score_step(acc, slots, rewards, lives, double gamma=1.0):
    """Add one environment step to the named slots, row by row in the order given.

    acc: ACCUMULATOR (S,), updated in place; slots: int32 (R,), each 0..S-1 (a slot named twice gets two
    steps); rewards: float32 or float64 (R,), summed in float64; lives: int32 (R,) after the step, a drop
    is added to ``lives_lost`` and a rise is not; gamma: discount per step. Raises TypeError for a wrong
    dtype, ValueError for a wrong shape, IndexError for a slot out of range; no slot is changed then.
    """
    cdef Py_ssize_t size = 0
    cdef Accumulator* data = _slots_of(acc, &size)
    cdef cnp.ndarray slots_ = _typed(slots, cnp.NPY_INT32, 1, "slots")
    cdef cnp.ndarray lives_ = _typed(lives, cnp.NPY_INT32, 1, "lives")
    cdef cnp.ndarray rewards_
    cdef Py_ssize_t rows = cnp.PyArray_DIM(slots_, 0)
    cdef const int32_t* index
    cdef bint single = isinstance(rewards, cnp.ndarray) and cnp.PyArray_TYPE(<cnp.ndarray>rewards) == cnp.NPY_FLOAT32
    rewards_ = _typed(rewards, cnp.NPY_FLOAT32 if single else cnp.NPY_FLOAT64, 1, "rewards")
    _check_rows(rewards_, rows, "rewards")
    _check_rows(lives_, rows, "lives")
    index = _slot_indices(slots_, size)
    if single:
        _step[float](data, index, <const float*>cnp.PyArray_DATA(rewards_),
                     <const int32_t*>cnp.PyArray_DATA(lives_), rows, gamma)
    else:
        _step[double](data, index, <const double*>cnp.PyArray_DATA(rewards_),
                      <const int32_t*>cnp.PyArray_DATA(lives_), rows, gamma)


cdef inline uint64_t _fold(uint64_t state, uint64_t word) noexcept nogil:
    # A bijection of `word` for every state and of `state` for every word, so no action is ever lost;
    # the addition keeps zero words from resting at state zero.
    state = (state + <uint64_t>0x9E3779B97F4A7C15ULL) ^ word
    state = (state ^ (state >> 30)) * <uint64_t>0xBF58476D1CE4E5B9ULL
    state = (state ^ (state >> 27)) * <uint64_t>0x94D049BB133111EBULL
    return state ^ (state >> 31)


cdef void _hash_int(Accumulator* acc, const int32_t* slots, const uint64_t* actions,
                    Py_ssize_t rows, Py_ssize_t width) noexcept nogil:
    cdef Py_ssize_t row, column
    cdef uint64_t state
    for row in range(rows):
        state = acc[slots[row]].action_hash
        for column in range(width):
            state = _fold(state, actions[row * width + column])
        acc[slots[row]].action_hash = state


cdef void _hash_float(Accumulator* acc, const int32_t* slots, const double* actions,
                      Py_ssize_t rows, Py_ssize_t width) noexcept nogil:
    cdef Py_ssize_t row, column
    cdef uint64_t state, word
    cdef double value
    for row in range(rows):
        state = acc[slots[row]].action_hash
        for column in range(width):
            # Adding +0.0 turns -0.0 into 0.0 and leaves every other number as it is.
            value = actions[row * width + column] + 0.0
            memcpy(&word, &value, sizeof(word))
            state = _fold(state, word)
        acc[slots[row]].action_hash = state


def hash_actions(acc, slots, actions):
    """Fold each row's action into the ``action_hash`` of its slot.

    acc: ACCUMULATOR (S,), updated in place; slots: int32 (R,), each 0..S-1; actions: int64 (R,), int64
    (R, K) or float64 (R, K), K >= 1, or float64 (R,). The 64-bit pattern w of every entry, -0.0 taken
    as 0.0, goes into the state h from left to right::

        h = (h + 0x9E3779B97F4A7C15) ^ w
        h = (h ^ h >> 30) * 0xBF58476D1CE4E5B9
        h = (h ^ h >> 27) * 0x94D049BB133111EB
        h = h ^ h >> 31

    all modulo 2**64, starting from HASH_START: constants and mixing are those of SplitMix64 (Steele, Lea
    and Flood 2014). The hash depends on the order and number of actions and is not cryptographic.
    Raises TypeError for a wrong dtype, ValueError for a wrong shape, IndexError for a slot out of range;
    no slot is changed then.
    """
    cdef Py_ssize_t size = 0
    cdef Accumulator* data = _slots_of(acc, &size)
    cdef cnp.ndarray slots_ = _typed(slots, cnp.NPY_INT32, 1, "slots")
    cdef Py_ssize_t rows = cnp.PyArray_DIM(slots_, 0)
    cdef Py_ssize_t width = 1
    cdef cnp.ndarray array
    cdef bint floating
    cdef const int32_t* index
    cdef int ndim
    if not isinstance(actions, cnp.ndarray):
        raise TypeError(f"actions must be a NumPy array, got {type(actions).__name__}")
    array = <cnp.ndarray>actions
    floating = cnp.PyArray_TYPE(array) == cnp.NPY_FLOAT64
    ndim = cnp.PyArray_NDIM(array)
    if ndim != 1 and ndim != 2:
        raise ValueError(f"actions must have 1 or 2 dimensions, got shape {actions.shape}")
    if not floating and array.dtype != np.int64:
        raise TypeError(f"actions must have dtype int64 or float64, got {array.dtype}")
    array = _typed(actions, cnp.NPY_FLOAT64 if floating else cnp.NPY_INT64, ndim, "actions")
    _check_rows(array, rows, "actions")
    if ndim == 2:
        width = cnp.PyArray_DIM(array, 1)
        if width == 0:
            raise ValueError(f"actions must have at least one column, got shape {actions.shape}")
    index = _slot_indices(slots_, size)
    if floating:
        _hash_float(data, index, <const double*>cnp.PyArray_DATA(array), rows, width)
    else:
        _hash_int(data, index, <const uint64_t*>cnp.PyArray_DATA(array), rows, width)


cdef Py_ssize_t _bad_discrete(const int64_t* actions, Py_ssize_t rows, int64_t n) noexcept nogil:
    cdef Py_ssize_t row
    for row in range(rows):
        # One unsigned comparison covers both ends: a negative action becomes a huge one.
        if <uint64_t>actions[row] >= <uint64_t>n:
            return row
    return -1


def check_discrete(actions, int64_t n):
    """Return the row of the first action outside 0..n-1, or -1 when all are valid.

    actions: int64 (R,); n: number of actions, at least 1. Raises TypeError for a wrong dtype and
    ValueError for a wrong shape or n.
    """
    cdef cnp.ndarray array = _typed(actions, cnp.NPY_INT64, 1, "actions")
    if n < 1:
        raise ValueError(f"n must be at least 1, got {n}")
    return _bad_discrete(<const int64_t*>cnp.PyArray_DATA(array), cnp.PyArray_DIM(array, 0), n)


cdef Py_ssize_t _bad_continuous(const double* actions, const double* low, const double* high,
                                Py_ssize_t rows, Py_ssize_t width) noexcept nogil:
    cdef Py_ssize_t row, column
    cdef double value
    for row in range(rows):
        for column in range(width):
            value = actions[row * width + column]
            # value - value is 0 only for finite numbers; bounds may themselves be infinite.
            if not (value - value == 0.0 and value >= low[column] and value <= high[column]):
                return row * width + column
    return -1


def check_continuous(actions, low, high):
    """Return the flat (C order) index of the first entry that is not finite or outside its bounds, or -1.

    actions: float64 (R, K); low, high: float64 (K,), inclusive, may be infinite (a NaN bound makes every
    entry of its column invalid). Raises TypeError for a wrong dtype and ValueError for a wrong shape.
    """
    cdef cnp.ndarray array = _typed(actions, cnp.NPY_FLOAT64, 2, "actions")
    cdef cnp.ndarray low_ = _typed(low, cnp.NPY_FLOAT64, 1, "low")
    cdef cnp.ndarray high_ = _typed(high, cnp.NPY_FLOAT64, 1, "high")
    cdef Py_ssize_t width = cnp.PyArray_DIM(array, 1)
    if cnp.PyArray_DIM(low_, 0) != width or cnp.PyArray_DIM(high_, 0) != width:
        raise ValueError(f"low and high must have shape ({width},), got {low.shape} and {high.shape}")
    return _bad_continuous(<const double*>cnp.PyArray_DATA(array), <const double*>cnp.PyArray_DATA(low_),
                           <const double*>cnp.PyArray_DATA(high_), cnp.PyArray_DIM(array, 0), width)


# ---------------------------------------------------------------------------------------------
# Transitions: what a pool returns, as the columns of a batch
# ---------------------------------------------------------------------------------------------

cdef packed struct Facts:
    int32_t lives
    int32_t gap
    double reward
    int32_t elapsed


cdef const void* _column(object value, int typenum, Py_ssize_t rows, str name, list keep) except? NULL:
    """Return the data of an optional (rows,) column; ``keep`` holds on to a copy that had to be made."""
    cdef cnp.ndarray array
    if value is None:
        return NULL
    array = _typed(value, typenum, 1, name)
    _check_rows(array, rows, name)
    if array is not value:
        keep.append(array)
    return cnp.PyArray_DATA(array)


cdef class Transitions:
    """The columns of one pool's transition batches, allocated once and filled in place step after step.

    slots: int32 (W,), the slot number of each place of the pool; info_dtype: records that begin with lives int32, 4 bytes
    of padding, reward float64, elapsed int32. Attributes, all with W rows of which a batch uses the first R: ``slots``
    int32, ``episodes`` int64, ``info`` records, ``lives`` int32, ``first``, ``terminated``, ``truncated`` bool, ``live``
    int64. Raises TypeError for a wrong dtype.
    """

    cdef readonly cnp.ndarray slots, episodes, info, lives, first, terminated, truncated, live
    cdef cnp.ndarray _slot_of, _episode_of, _starting

    def __init__(self, slots, info_dtype):
        cdef Py_ssize_t width
        self._slot_of = _typed(slots, cnp.NPY_INT32, 1, "slots").copy()
        if [info_dtype.fields[name][:2] for name in ("lives", "reward", "elapsed")] != [
            (np.dtype(np.int32), 0), (np.dtype(np.float64), 8), (np.dtype(np.int32), 16)
        ]:
            raise TypeError(f"info_dtype must begin as BASE_INFO does, got {info_dtype}")
        width = cnp.PyArray_DIM(self._slot_of, 0)
        self._episode_of = np.full(width, -1, np.int64)
        self._starting = np.zeros(width, np.bool_)
        self.slots, self.lives = np.zeros(width, np.int32), np.zeros(width, np.int32)
        self.episodes, self.live = np.zeros(width, np.int64), np.zeros(width, np.int64)
        self.info = np.zeros(width, info_dtype)
        self.first, self.terminated, self.truncated = (np.zeros(width, np.bool_) for _ in range(3))

    def begin(self, Py_ssize_t place, int64_t episode):
        """Have ``place`` start ``episode``: its next transition is the first of that episode."""
        if place < 0 or place >= cnp.PyArray_DIM(self._slot_of, 0):
            raise IndexError(f"place is {place}, expected 0..{cnp.PyArray_DIM(self._slot_of, 0) - 1}")
        (<int64_t*>cnp.PyArray_DATA(self._episode_of))[place] = episode
        (<uint8_t*>cnp.PyArray_DATA(self._starting))[place] = 1

    def absorb(self, ids, reward, done, cut, elapsed, over=None, lives=None):
        """Fill the columns from one step of the pool.

        ids: int32 (R,), places; reward: float32 (R,); done: bool (R,), the episode ended; cut: bool (R,), it reached its
        cap; elapsed: int32 (R,), steps since the reset; over: int32 (R,), not 0 where the game itself ended, which wins over
        the cap; lives: int32 (R,). Returns (rows that go on, rows that are first, largest elapsed).
        Raises TypeError, ValueError or IndexError for a wrong dtype, shape or place; nothing is changed then.
        """
        cdef list keep = []
        cdef cnp.ndarray ids_ = _typed(ids, cnp.NPY_INT32, 1, "ids")
        cdef Py_ssize_t rows = cnp.PyArray_DIM(ids_, 0), row, going = 0, firsts = 0, stride
        cdef const int32_t* place = _slot_indices(ids_, cnp.PyArray_DIM(self._slot_of, 0))
        cdef const float* reward_ = <const float*>_column(reward, cnp.NPY_FLOAT32, rows, "reward", keep)
        cdef const uint8_t* done_ = <const uint8_t*>_column(done, cnp.NPY_BOOL, rows, "done", keep)
        cdef const uint8_t* cut_ = <const uint8_t*>_column(cut, cnp.NPY_BOOL, rows, "cut", keep)
        cdef const int32_t* elapsed_ = <const int32_t*>_column(elapsed, cnp.NPY_INT32, rows, "elapsed", keep)
        cdef const int32_t* over_ = <const int32_t*>_column(over, cnp.NPY_INT32, rows, "over", keep)
        cdef const int32_t* lives_ = <const int32_t*>_column(lives, cnp.NPY_INT32, rows, "lives", keep)
        cdef const int32_t* slot_of = <const int32_t*>cnp.PyArray_DATA(self._slot_of)
        cdef const int64_t* episode_of = <const int64_t*>cnp.PyArray_DATA(self._episode_of)
        cdef uint8_t* starting = <uint8_t*>cnp.PyArray_DATA(self._starting)
        cdef int32_t* slots_out = <int32_t*>cnp.PyArray_DATA(self.slots)
        cdef int64_t* episodes_out = <int64_t*>cnp.PyArray_DATA(self.episodes)
        cdef int32_t* lives_out = <int32_t*>cnp.PyArray_DATA(self.lives)
        cdef uint8_t* first_out = <uint8_t*>cnp.PyArray_DATA(self.first)
        cdef uint8_t* terminated_out = <uint8_t*>cnp.PyArray_DATA(self.terminated)
        cdef uint8_t* truncated_out = <uint8_t*>cnp.PyArray_DATA(self.truncated)
        cdef int64_t* live_out = <int64_t*>cnp.PyArray_DATA(self.live)
        cdef uint8_t* record = <uint8_t*>cnp.PyArray_DATA(self.info)
        cdef Facts* facts
        cdef int32_t longest = 0
        cdef bint truncated
        if rows > cnp.PyArray_DIM(self._slot_of, 0):
            raise ValueError(f"{rows} rows came from a pool of {cnp.PyArray_DIM(self._slot_of, 0)}")
        if reward_ == NULL or done_ == NULL or cut_ == NULL or elapsed_ == NULL:
            if rows:
                raise TypeError("reward, done, cut and elapsed must be arrays, got None")
        stride = cnp.PyArray_ITEMSIZE(self.info)
        for row in range(rows):
            truncated = cut_[row] and (over_ == NULL or over_[row] == 0)
            slots_out[row] = slot_of[place[row]]
            episodes_out[row] = episode_of[place[row]]
            first_out[row] = starting[place[row]]
            firsts += starting[place[row]]
            starting[place[row]] = 0
            lives_out[row] = 0 if lives_ == NULL else lives_[row]
            truncated_out[row] = truncated
            terminated_out[row] = done_[row] and not truncated
            facts = <Facts*>(record + row * stride)
            facts.lives = lives_out[row]
            facts.reward = reward_[row]
            facts.elapsed = elapsed_[row]
            if elapsed_[row] > longest:
                longest = elapsed_[row]
            if not (done_[row] or truncated):
                live_out[going] = row
                going += 1
        return going, firsts, longest


# ---------------------------------------------------------------------------------------------
# Words shared with another process
# ---------------------------------------------------------------------------------------------

cdef extern from *:
    """
    #ifndef _GNU_SOURCE
    #define _GNU_SOURCE
    #endif
    #include <stdint.h>
    #include <time.h>
    static void fh_store(uint64_t *word, uint64_t value) { __atomic_store_n(word, value, __ATOMIC_SEQ_CST); }
    static uint64_t fh_load(const uint64_t *word) { return __atomic_load_n(word, __ATOMIC_SEQ_CST); }
    static void fh_pause(void) {
    #if defined(__x86_64__)
        __builtin_ia32_pause();
    #elif defined(__aarch64__)
        __asm__ __volatile__("yield");
    #endif
    }
    static int fh_await(const uint64_t *word, uint64_t value, int64_t nanoseconds) {
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        int64_t until = now.tv_sec * 1000000000LL + now.tv_nsec + nanoseconds;
        for (;;) {
            for (int turn = 0; turn < 32; turn++) {
                if (fh_load(word) == value) return 1;
                fh_pause();
            }
            clock_gettime(CLOCK_MONOTONIC, &now);
            if (now.tv_sec * 1000000000LL + now.tv_nsec >= until) return fh_load(word) == value;
        }
    }
    """
    void fh_store(uint64_t* word, uint64_t value) nogil
    uint64_t fh_load(const uint64_t* word) nogil
    int fh_await(const uint64_t* word, uint64_t value, int64_t nanoseconds) nogil


cdef extern from "sched.h" nogil:
    int sched_getcpu()


def processor():
    """Return the number of the processor that this thread runs on just now; -1 where nobody knows."""
    return sched_getcpu()


cdef class Word:
    """The first of the uint64 in ``array``, in memory that another process writes to: every access is atomic and in order."""

    cdef cnp.ndarray _array
    cdef uint64_t* _word

    def __init__(self, array):
        self._array = _typed(array, cnp.NPY_UINT64, 1, "word")
        if self._array.shape[0] < 1:
            raise ValueError("word is empty, expected one uint64")
        self._word = <uint64_t*>cnp.PyArray_DATA(self._array)

    def store(self, uint64_t value):
        """Write it; whatever was written before is seen by whoever sees it."""
        fh_store(self._word, value)

    def load(self):
        """Return what it holds."""
        return fh_load(self._word)

    def wait(self, uint64_t value, int64_t nanoseconds):
        """Look out until it holds ``value``, at most so long, without sleeping; True if it does."""
        cdef bint found
        if fh_load(self._word) == value:
            return True
        with nogil:
            found = fh_await(self._word, value, nanoseconds)
        return found


# ---------------------------------------------------------------------------------------------
# Frame kernels
# ---------------------------------------------------------------------------------------------

# The innermost loops are C, where they can be compiled once for plain x86-64 and once for AVX2; the
# loader picks one. Everywhere else, and with any other compiler, FH_CLONES is empty.
cdef extern from *:
    r"""
    #include <stdint.h>
    #include <string.h>

    #if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__)
    #define FH_CLONES __attribute__((target_clones("avx2", "default")))
    #else
    #define FH_CLONES
    #endif

    #if defined(__GNUC__)
    #define FH_NOINLINE static __attribute__((noinline))
    #define FH_INLINE static inline __attribute__((always_inline))
    #else
    #define FH_NOINLINE static
    #define FH_INLINE static inline
    #endif

    #if defined(__SSE2__)
    #include <emmintrin.h>
    #endif

    /* Processors with 128-byte table lookups in a register (Ice Lake, Zen 4 and later) get code of their own. */
    #if defined(__x86_64__) && defined(__GNUC__) && (defined(__clang__) || __GNUC__ >= 9)
    #include <immintrin.h>
    #define FH_WIDE __attribute__((target("avx512f,avx512bw,avx512vbmi")))
    #define FH_AVX2 __attribute__((target("avx2")))
    #endif
    static int fh_wide = 0, fh_avx2 = 0;

    static void fh_look_at_processor(void) {
    #ifdef FH_WIDE
        __builtin_cpu_init();
        fh_avx2 = __builtin_cpu_supports("avx2") != 0;
        fh_wide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
                  && __builtin_cpu_supports("avx512vbmi");
    #endif
    }

    /* One bit per pixel that is not zero, `n` at most 64. */
    FH_INLINE uint64_t fh_bits(const uint8_t *row, size_t n) {
        uint64_t bits = 0;
        size_t i = 0;
    #if defined(__SSE2__)
        const __m128i zero = _mm_setzero_si128();
        for (; i + 16 <= n; i += 16) {
            __m128i empty = _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)(row + i)), zero);
            bits |= (uint64_t)(uint16_t)~_mm_movemask_epi8(empty) << i;
        }
    #endif
        for (; i < n; i++) bits |= (uint64_t)(row[i] != 0) << i;
        return bits;
    }

    FH_INLINE int fh_lowest(uint64_t bits) {
    #if defined(__GNUC__)
        return __builtin_ctzll(bits);
    #else
        int at = 0;
        while (!(bits >> at & 1)) at++;
        return at;
    #endif
    }

    #define FH_BLOCK 32

    /* Each entry of the 1024-entry table holds colour << 8 | index; the multiplier gives every palette
       colour an entry of its own. */
    #define FH_ENTRY(colour) ((colour) * 0x7c97ca3bu >> 22)
    #define FH_BUSY 1024

    FH_INLINE uint8_t fh_lookup(const uint32_t *table, uint32_t r, uint32_t g, uint32_t b) {
        uint32_t colour = r << 16 | g << 8 | b, entry = table[FH_ENTRY(colour)];
        return entry >> 8 == colour ? (uint8_t)entry : 255;
    }

    /* Neither cloned nor inlined: with AVX2 the compiler would turn this into gathers, which are slower. */
    FH_NOINLINE void fh_fetch(const uint32_t *table, const uint32_t *at, uint32_t *entries, size_t n) {
        for (size_t i = 0; i < n; i++) entries[i] = table[at[i]];
    }

    /* At most FH_BUSY pixels one by one; the arithmetic around the fetch vectorises. */
    FH_CLONES static void fh_palette_pixels(const uint8_t *r, const uint8_t *g, const uint8_t *b, uint8_t *out,
                                            size_t n, const uint32_t *table) {
        uint32_t colour[FH_BUSY], entry[FH_BUSY];
        if (!n) return;
        for (size_t i = 0; i < n; i++) {
            colour[i] = (uint32_t)r[i] << 16 | (uint32_t)g[i] << 8 | b[i];
            entry[i] = FH_ENTRY(colour[i]);
        }
        fh_fetch(table, entry, entry, n);
        for (size_t i = 0; i < n; i++) out[i] = entry[i] >> 8 == colour[i] ? (uint8_t)entry[i] : 255;
    }

    /* Settles one block colour by colour with whole-block comparisons; gives up (returns 0) when it has
       more than four colours. */
    FH_INLINE int fh_palette_block(const uint8_t *r, const uint8_t *g, const uint8_t *b, uint8_t *out,
                                   const uint32_t *table) {
        uint8_t open[FH_BLOCK], index[FH_BLOCK];
        uint64_t left;
        int at = 0;
        memset(open, 255, sizeof open);
        memset(index, 0, sizeof index);
        for (int colours = 0; colours < 4; colours++) {
            const uint8_t cr = r[at], cg = g[at], cb = b[at], found = fh_lookup(table, cr, cg, cb);
            for (int j = 0; j < FH_BLOCK; j++) {
                uint8_t same = (uint8_t)-((r[j] == cr) & (g[j] == cg) & (b[j] == cb));
                index[j] |= found & same;
                open[j] &= (uint8_t)~same;
            }
            left = fh_bits(open, FH_BLOCK);
            if (!left) {
                memcpy(out, index, sizeof index);
                return 1;
            }
            at = fh_lowest(left);
        }
        return 0;
    }

    /* What turns colours into palette indices without a search: the index is parts[0][r / 4] ^ parts[1][g / 4] ^
       parts[2][b / 4], and the colour is in the palette if it is that index's own. */
    typedef struct {
        uint8_t parts[3][64];
        uint8_t planes[3][128];
    } fh_palette_tables;

    #ifdef FH_WIDE
    /* The first pixels, as many as fill whole vectors; returns their number. */
    FH_WIDE static size_t fh_palette_wide(const uint8_t *r, const uint8_t *g, const uint8_t *b, uint8_t *out,
                                          size_t n, const fh_palette_tables *tables) {
        const uint8_t *source[3] = {r, g, b};
        __m512i parts[3], low[3], high[3];
        size_t i = 0;
        for (int c = 0; c < 3; c++) {
            parts[c] = _mm512_loadu_si512(tables->parts[c]);
            low[c] = _mm512_loadu_si512(tables->planes[c]);
            high[c] = _mm512_loadu_si512(tables->planes[c] + 64);
        }
        for (; i + 64 <= n; i += 64) {
            __m512i pixels[3], index = _mm512_setzero_si512();
            __mmask64 known = ~(__mmask64)0;
            for (int c = 0; c < 3; c++) {
                pixels[c] = _mm512_loadu_si512(source[c] + i);
                /* The shift moves bits of the neighbour into the two highest bits, which the lookup ignores. */
                index = _mm512_xor_si512(index, _mm512_permutexvar_epi8(_mm512_srli_epi16(pixels[c], 2), parts[c]));
            }
            for (int c = 0; c < 3; c++)
                known = _mm512_mask_cmpeq_epi8_mask(known, pixels[c], _mm512_permutex2var_epi8(low[c], index, high[c]));
            _mm512_storeu_si512(out + i, _mm512_mask_blend_epi8(known, _mm512_set1_epi8(-1), index));
        }
        return i;
    }

    /* The same for a table of 256 colours, given plane by plane. */
    FH_WIDE static size_t fh_colours_wide(const uint8_t *index, const uint8_t *planes, uint8_t *r, uint8_t *g,
                                          uint8_t *b, size_t n) {
        uint8_t *out[3] = {r, g, b};
        __m512i table[3][4];
        size_t i = 0;
        for (int c = 0; c < 3; c++)
            for (int q = 0; q < 4; q++) table[c][q] = _mm512_loadu_si512(planes + 256 * c + 64 * q);
        for (; i + 64 <= n; i += 64) {
            const __m512i at = _mm512_loadu_si512(index + i);
            const __mmask64 upper = _mm512_movepi8_mask(at);
            for (int c = 0; c < 3; c++) {
                __m512i low = _mm512_permutex2var_epi8(table[c][0], at, table[c][1]);
                __m512i high = _mm512_permutex2var_epi8(table[c][2], at, table[c][3]);
                _mm512_storeu_si512(out[c] + i, _mm512_mask_blend_epi8(upper, low, high));
            }
        }
        return i;
    }
    #endif

    /* As fh_palette_block: one block colour by colour, 0 when it has more than four. */
    FH_INLINE int fh_colours_block(const uint8_t *index, const uint8_t *planes, uint8_t *r, uint8_t *g, uint8_t *b) {
        uint8_t open[FH_BLOCK], pixels[3][FH_BLOCK];
        uint64_t left;
        int at = 0;
        memset(open, 255, sizeof open);
        memset(pixels, 0, sizeof pixels);
        for (int colours = 0; colours < 4; colours++) {
            const uint8_t wanted = index[at], cr = planes[wanted], cg = planes[256 + wanted], cb = planes[512 + wanted];
            for (int j = 0; j < FH_BLOCK; j++) {
                uint8_t same = (uint8_t)-(index[j] == wanted);
                pixels[0][j] |= cr & same;
                pixels[1][j] |= cg & same;
                pixels[2][j] |= cb & same;
                open[j] &= (uint8_t)~same;
            }
            left = fh_bits(open, FH_BLOCK);
            if (!left) {
                memcpy(r, pixels[0], FH_BLOCK);
                memcpy(g, pixels[1], FH_BLOCK);
                memcpy(b, pixels[2], FH_BLOCK);
                return 1;
            }
            at = fh_lowest(left);
        }
        return 0;
    }

    FH_INLINE void fh_colours_pixels(const uint8_t *index, const uint8_t *planes, uint8_t *r, uint8_t *g, uint8_t *b,
                                     size_t n) {
        for (size_t i = 0; i < n; i++) {
            const uint8_t at = index[i];
            r[i] = planes[at];
            g[i] = planes[256 + at];
            b[i] = planes[512 + at];
        }
    }

    FH_CLONES static void fh_colours(const uint8_t *index, const uint8_t *planes, uint8_t *r, uint8_t *g, uint8_t *b,
                                     size_t n) {
        size_t i = 0;
    #ifdef FH_WIDE
        if (fh_wide) i = fh_colours_wide(index, planes, r, g, b, n);
    #endif
        while (i + FH_BLOCK <= n) {
            size_t length = FH_BLOCK;
            if (!fh_colours_block(index + i, planes, r + i, g + i, b + i)) {
                length = n - i < FH_BUSY ? n - i : FH_BUSY;
                fh_colours_pixels(index + i, planes, r + i, g + i, b + i, length);
            }
            i += length;
        }
        fh_colours_pixels(index + i, planes, r + i, g + i, b + i, n - i);
    }

    /* Frames are mostly flat. Where they are not, the next blocks probably are not either and go pixel by
       pixel at once, the more of them the longer it lasts. */
    FH_CLONES static void fh_palette(const uint8_t *r, const uint8_t *g, const uint8_t *b, uint8_t *out,
                                     size_t n, const uint32_t *table, const fh_palette_tables *tables) {
        size_t i = 0, busy = FH_BUSY / 8;
    #ifdef FH_WIDE
        if (fh_wide) i = fh_palette_wide(r, g, b, out, n, tables);
    #endif
        while (i + FH_BLOCK <= n) {
            if (fh_palette_block(r + i, g + i, b + i, out + i, table)) {
                i += FH_BLOCK;
                busy = FH_BUSY / 8;
            } else {
                size_t length = n - i < busy ? n - i : busy;
                fh_palette_pixels(r + i, g + i, b + i, out + i, length, table);
                i += length;
                if (busy < FH_BUSY) busy *= 2;
            }
        }
        fh_palette_pixels(r + i, g + i, b + i, out + i, n - i, table);
    }

    #ifdef FH_AVX2
    /* The first pixels as fh_grey below, a sum of two products at a time; returns their number. */
    FH_AVX2 static size_t fh_grey_avx2(const uint8_t *r, const uint8_t *g, const uint8_t *b, uint8_t *out, size_t n) {
        const __m256i one = _mm256_set1_epi8(1);
        const __m256i high_rg = _mm256_set1_epi16(38 | 75 << 8), high_b1 = _mm256_set1_epi16(15 | 64 << 8);
        const __m256i low_rg = _mm256_set1_epi16(70 | 35 << 8), low_b1 = _mm256_set1_epi16(-105 & 255);
        size_t i = 0;
        for (; i + 32 <= n; i += 32) {
            const __m256i red = _mm256_loadu_si256((const __m256i *)(r + i));
            const __m256i green = _mm256_loadu_si256((const __m256i *)(g + i));
            const __m256i blue = _mm256_loadu_si256((const __m256i *)(b + i));
            __m256i half[2];
            for (int k = 0; k < 2; k++) {
                const __m256i rg = k ? _mm256_unpackhi_epi8(red, green) : _mm256_unpacklo_epi8(red, green);
                const __m256i b1 = k ? _mm256_unpackhi_epi8(blue, one) : _mm256_unpacklo_epi8(blue, one);
                const __m256i high = _mm256_add_epi16(_mm256_maddubs_epi16(rg, high_rg),
                                                      _mm256_maddubs_epi16(b1, high_b1));
                const __m256i low = _mm256_add_epi16(_mm256_maddubs_epi16(rg, low_rg),
                                                     _mm256_maddubs_epi16(b1, low_b1));
                half[k] = _mm256_srli_epi16(_mm256_add_epi16(high, _mm256_srai_epi16(low, 8)), 7);
            }
            _mm256_storeu_si256((__m256i *)(out + i), _mm256_packus_epi16(half[0], half[1]));
        }
        return i;
    }
    #endif

    /* (9798 R + 19235 G + 3735 B + 16384) >> 15 in 16 bits, which fill a vector with twice as many pixels: the
       weights are 256 * (38, 75, 15) + (70, 35, -105), and 256 * high + low is shifted in two steps. */
    FH_CLONES static void fh_grey(const uint8_t *r, const uint8_t *g, const uint8_t *b, uint8_t *out, size_t n) {
        size_t i = 0;
    #ifdef FH_AVX2
        if (fh_avx2) i = fh_grey_avx2(r, g, b, out, n);
    #endif
        for (; i < n; i++) {
            uint16_t high = (uint16_t)(38 * r[i] + 75 * g[i] + 15 * b[i] + 64);
            int16_t low = (int16_t)(35 * (int16_t)(2 * r[i] + g[i] - 3 * b[i]));
            out[i] = (uint8_t)((uint16_t)(high + (low >> 8)) >> 7);
        }
    }

    /* Rows of a picture `stride` wide, packed; a call to memcpy for each would cost more than the copying. */
    FH_CLONES static void fh_copy_rows(const uint8_t *from, size_t stride, uint8_t *to, size_t rows, size_t columns) {
        for (size_t y = 0; y < rows; y++, from += stride, to += columns) {
            size_t x = 0;
            for (; x + 32 <= columns; x += 32) memcpy(to + x, from + x, 32);
            if (columns >= 32) memcpy(to + columns - 32, from + columns - 32, 32);
            else memcpy(to, from, columns);
        }
    }

    FH_CLONES static void fh_max(const uint8_t *a, const uint8_t *b, uint8_t *out, size_t n) {
        for (size_t i = 0; i < n; i++) out[i] = a[i] > b[i] ? a[i] : b[i];
    }

    FH_CLONES static void fh_difference(const uint8_t *a, const uint8_t *b, uint8_t *out, size_t n) {
        for (size_t i = 0; i < n; i++) {
            uint8_t high = a[i] > b[i] ? a[i] : b[i], low = a[i] > b[i] ? b[i] : a[i];
            out[i] = (uint8_t)(high - low);
        }
    }

    FH_CLONES static void fh_match(const uint8_t *r, const uint8_t *g, const uint8_t *b, uint8_t *out, size_t n,
                                   uint8_t cr, uint8_t cg, uint8_t cb) {
        for (size_t i = 0; i < n; i++) out[i] = (r[i] == cr) & (g[i] == cg) & (b[i] == cb);
    }

    /* Sets the pixels within all bounds: low and high of red, green, blue, red - green, green - blue. */
    FH_CLONES static void fh_shade(const uint8_t *r, const uint8_t *g, const uint8_t *b, uint8_t *out, size_t n,
                                   const int16_t *low_high) {
        /* As unsigned numbers, value - low <= high - low is both bounds in one comparison. */
        uint16_t low[5], wide[5];
        for (int k = 0; k < 5; k++) {
            if (low_high[2 * k + 1] < low_high[2 * k]) return;
            low[k] = (uint16_t)low_high[2 * k];
            wide[k] = (uint16_t)(low_high[2 * k + 1] - low_high[2 * k]);
        }
        const uint16_t r0 = low[0], g0 = low[1], b0 = low[2], rg0 = low[3], gb0 = low[4];
        const uint16_t rw = wide[0], gw = wide[1], bw = wide[2], rgw = wide[3], gbw = wide[4];
        for (size_t i = 0; i < n; i++) {
            const uint16_t red = r[i], green = g[i], blue = b[i];
            const uint16_t over_r = (uint16_t)(red - r0), over_g = (uint16_t)(green - g0), over_b = (uint16_t)(blue - b0);
            const uint16_t over_rg = (uint16_t)(red - green - rg0), over_gb = (uint16_t)(green - blue - gb0);
            const uint16_t all = (uint16_t)((over_r <= rw) & (over_g <= gw) & (over_b <= bw) & (over_rg <= rgw) & (over_gb <= gbw));
            out[i] = (uint8_t)(out[i] | all);
        }
    }

    /* Every `step`-th of the bytes from `row` on, `n` of them. */
    FH_INLINE void fh_thin(const uint8_t *row, size_t step, uint8_t *out, size_t n) {
        if (step == 2) for (size_t i = 0; i < n; i++) out[i] = row[2 * i];
        else for (size_t i = 0; i < n; i++) out[i] = row[step * i];
    }

    /* Sum of `rows` rows (at most 256, so that 16 bits hold it). */
    FH_CLONES static void fh_sum_rows(const uint8_t *row, size_t stride, int rows, uint16_t *sums, size_t n) {
        for (size_t i = 0; i < n; i++) sums[i] = row[i];
        for (int y = 1; y < rows; y++) {
            row += stride;
            for (size_t i = 0; i < n; i++) sums[i] = (uint16_t)(sums[i] + row[i]);
        }
    }

    /* Rounds to the nearest integer, ties to even: 1.5 * 2**23 leaves it in the low bits of the float. */
    FH_INLINE uint8_t fh_round(uint32_t sum, float scale) {
        float shifted = (float)(int32_t)sum * scale + 12582912.0f;
        uint32_t bits;
        memcpy(&bits, &shifted, sizeof bits);
        return (uint8_t)bits;
    }

    FH_INLINE void fh_fold_by(const uint16_t *sums, uint8_t *out, size_t n, int factor, float scale) {
        for (size_t i = 0; i < n; i++) {
            uint32_t sum = 0;
            for (int x = 0; x < factor; x++) sum += sums[i * (size_t)factor + (size_t)x];
            out[i] = fh_round(sum, scale);
        }
    }

    /* Constant factors let the compiler unroll and vectorise the common ones. */
    FH_CLONES static void fh_fold(const uint16_t *sums, uint8_t *out, size_t n, int factor, float scale) {
        switch (factor) {
        case 1: fh_fold_by(sums, out, n, 1, scale); break;
        case 2: fh_fold_by(sums, out, n, 2, scale); break;
        case 3: fh_fold_by(sums, out, n, 3, scale); break;
        case 4: fh_fold_by(sums, out, n, 4, scale); break;
        case 5: fh_fold_by(sums, out, n, 5, scale); break;
        case 8: fh_fold_by(sums, out, n, 8, scale); break;
        default: fh_fold_by(sums, out, n, factor, scale);
        }
    }

    /* The 2 x 2 block is the one case in which OpenCV rounds ties up. */
    FH_CLONES static void fh_fold_2x2(const uint16_t *sums, uint8_t *out, size_t n) {
        for (size_t i = 0; i < n; i++) out[i] = (uint8_t)((sums[2 * i] + sums[2 * i + 1] + 2) >> 2);
    }

    /* Writes the row's runs of set pixels as start, stop (exclusive) pairs; returns their number. */
    static int32_t fh_runs(const uint8_t *row, int32_t width, int32_t *ends) {
        int32_t found = 0;
        uint64_t before = 0;
        for (int32_t x = 0; x < width; x += 64) {
            uint64_t bits = fh_bits(row + x, (size_t)(width - x < 64 ? width - x : 64));
            uint64_t edges = bits ^ (bits << 1 | before);
            before = bits >> 63;
            for (; edges; edges &= edges - 1) ends[found++] = x + fh_lowest(edges);
        }
        if (found & 1) ends[found++] = width;
        return found / 2;
    }
    """
    ctypedef struct fh_palette_tables:
        uint8_t[3][64] parts
        uint8_t[3][128] planes
    int fh_wide, fh_avx2
    void fh_look_at_processor()
    void fh_palette(const uint8_t*, const uint8_t*, const uint8_t*, uint8_t*, size_t, const uint32_t*,
                    const fh_palette_tables*) noexcept nogil
    void fh_colours(const uint8_t*, const uint8_t*, uint8_t*, uint8_t*, uint8_t*, size_t) noexcept nogil
    void fh_grey(const uint8_t*, const uint8_t*, const uint8_t*, uint8_t*, size_t) noexcept nogil
    void fh_copy_rows(const uint8_t*, size_t, uint8_t*, size_t, size_t) noexcept nogil
    void fh_max(const uint8_t*, const uint8_t*, uint8_t*, size_t) noexcept nogil
    void fh_difference(const uint8_t*, const uint8_t*, uint8_t*, size_t) noexcept nogil
    void fh_match(const uint8_t*, const uint8_t*, const uint8_t*, uint8_t*, size_t, uint8_t, uint8_t,
                  uint8_t) noexcept nogil
    void fh_shade(const uint8_t*, const uint8_t*, const uint8_t*, uint8_t*, size_t, const int16_t*) noexcept nogil
    void fh_thin(const uint8_t*, size_t, uint8_t*, size_t) noexcept nogil
    void fh_sum_rows(const uint8_t*, size_t, int, uint16_t*, size_t) noexcept nogil
    uint8_t fh_round(uint32_t, float) noexcept nogil
    void fh_fold(const uint16_t*, uint8_t*, size_t, int, float) noexcept nogil
    void fh_fold_2x2(const uint16_t*, uint8_t*, size_t) noexcept nogil
    int32_t fh_runs(const uint8_t*, int32_t, int32_t*) noexcept nogil


cdef struct Job:
    # One kernel call: where the frames lie and how large they are, strides in bytes.
    const uint8_t* source
    const uint8_t* second
    uint8_t* out
    Py_ssize_t frames
    Py_ssize_t stride
    Py_ssize_t second_stride
    Py_ssize_t plane_stride
    Py_ssize_t planes
    Py_ssize_t height
    Py_ssize_t width
    # What the kernel at hand needs besides: a box, factors, colours, a table.
    Py_ssize_t top
    Py_ssize_t left
    Py_ssize_t rows
    Py_ssize_t columns
    Py_ssize_t count
    Py_ssize_t minimum
    Py_ssize_t reach
    const uint8_t* colours
    const int16_t* shades
    const int32_t* owners
    uint8_t* scratch
    Py_ssize_t scratch_bytes
    int32_t* counts


ctypedef void (*kernel_t)(const Job*, Py_ssize_t, uint8_t*) noexcept nogil


cdef void _run(kernel_t kernel, const Job* job, int threads) noexcept nogil:
    # Each lane takes one consecutive share of the frames and owns one share of the scratch space, so the
    # result does not depend on the number of lanes.
    cdef int lane
    cdef Py_ssize_t frame
    for lane in prange(threads, num_threads=threads, schedule="static"):
        for frame in range(job.frames * lane // threads, job.frames * (lane + 1) // threads):
            kernel(job, frame, job.scratch + lane * job.scratch_bytes)


cdef int _lanes(int threads, Py_ssize_t frames) except -1:
    if threads < 1:
        raise ValueError(f"threads must be at least 1, got {threads}")
    return <int>max(1, min(threads, frames))


cdef bint _inner_contiguous(cnp.ndarray array, int first):
    """Whether the axes from `first` on are one C-contiguous block."""
    cdef Py_ssize_t expected = 1
    cdef int axis
    for axis in range(cnp.PyArray_NDIM(array) - 1, first - 1, -1):
        if cnp.PyArray_DIM(array, axis) != 1 and cnp.PyArray_STRIDE(array, axis) != expected:
            return False
        expected *= cnp.PyArray_DIM(array, axis)
    return True


cdef cnp.ndarray _bytes(object value, str name, int first):
    """Return a uint8 array whose axes from `first` on are contiguous, copying only where they are not."""
    cdef cnp.ndarray array
    if not isinstance(value, cnp.ndarray):
        raise TypeError(f"{name} must be a NumPy array, got {type(value).__name__}")
    array = <cnp.ndarray>value
    if cnp.PyArray_TYPE(array) != cnp.NPY_UINT8:
        raise TypeError(f"{name} must have dtype uint8, got {array.dtype}")
    return array if _inner_contiguous(array, first) else np.ascontiguousarray(array)


cdef cnp.ndarray _batch(object value, str name, Job* job, bint colour):
    """Check (N, 3, H, W) or (N, H, W) uint8 frames and describe them to `job`.

    The caller holds on to the array returned: where a copy was needed, `job` points into it.
    """
    cdef cnp.ndarray array
    cdef int ndim = 4 if colour else 3
    if not isinstance(value, cnp.ndarray):
        raise TypeError(f"{name} must be a NumPy array, got {type(value).__name__}")
    if value.ndim != ndim or (colour and value.shape[1] != 3):
        raise ValueError(f"{name} must have shape {'(N, 3, H, W)' if colour else '(N, H, W)'}, got {value.shape}")
    array = _bytes(value, name, ndim - 2)
    job.source = <const uint8_t*>cnp.PyArray_DATA(array)
    job.frames = cnp.PyArray_DIM(array, 0)
    job.stride = cnp.PyArray_STRIDE(array, 0)
    job.planes = 3 if colour else 1
    job.plane_stride = cnp.PyArray_STRIDE(array, 1) if colour else 0
    job.height = cnp.PyArray_DIM(array, ndim - 2)
    job.width = cnp.PyArray_DIM(array, ndim - 1)
    return array


cdef cnp.ndarray _output(object out, tuple shape, object dtype, tuple inputs, str name="out"):
    """Return `out` after checking it, or a new array when it is None."""
    if out is None:
        return np.empty(shape, dtype)
    if not isinstance(out, np.ndarray):
        raise TypeError(f"{name} must be a NumPy array or None, got {type(out).__name__}")
    if out.dtype != dtype:
        raise TypeError(f"{name} must have dtype {np.dtype(dtype)}, got {out.dtype}")
    if out.shape != shape:
        raise ValueError(f"{name} must have shape {shape}, got {out.shape}")
    if not (out.flags.c_contiguous and out.flags.writeable):
        raise ValueError(f"{name} must be C-contiguous and writeable")
    for array in inputs:
        if np.may_share_memory(out, array):
            raise ValueError(f"{name} must not overlap the input")
    return out


# The 128 colours an Atari 2600 (NTSC) shows through the Arcade Learning Environment, in the order of its
# colour register shifted right by one: 16 hues of 8 luminances. Read off ale-py 0.12.1 by pairing
# getScreen() (register values) with getScreenRGB() over 30 games until all 128 had occurred.
cdef tuple _COLOURS = (
    0x000000, 0x4a4a4a, 0x6f6f6f, 0x8e8e8e, 0xaaaaaa, 0xc0c0c0, 0xd6d6d6, 0xececec,
    0x484800, 0x69690f, 0x86861d, 0xa2a22a, 0xbbbb35, 0xd2d240, 0xe8e84a, 0xfcfc54,
    0x7c2c00, 0x904811, 0xa26221, 0xb47a30, 0xc3903d, 0xd2a44a, 0xdfb755, 0xecc860,
    0x901c00, 0xa33915, 0xb55328, 0xc66c3a, 0xd5824a, 0xe39759, 0xf0aa67, 0xfcbc74,
    0x940000, 0xa71a1a, 0xb83232, 0xc84848, 0xd65c5c, 0xe46f6f, 0xf08080, 0xfc9090,
    0x840064, 0x97197a, 0xa8308f, 0xb846a2, 0xc659b3, 0xd46cc3, 0xe07cd2, 0xec8ce0,
    0x500084, 0x68199a, 0x7d30ad, 0x9246c0, 0xa459d0, 0xb56ce0, 0xc57cee, 0xd48cfc,
    0x140090, 0x331aa3, 0x4e32b5, 0x6848c6, 0x7f5cd5, 0x956fe3, 0xa980f0, 0xbc90fc,
    0x000094, 0x181aa7, 0x2d32b8, 0x4248c8, 0x545cd6, 0x656fe4, 0x7580f0, 0x8490fc,
    0x001c88, 0x183b9d, 0x2d57b0, 0x4272c2, 0x548ad2, 0x65a0e1, 0x75b5ef, 0x84c8fc,
    0x003064, 0x185080, 0x2d6d98, 0x4288b0, 0x54a0c5, 0x65b7d9, 0x75cceb, 0x84e0fc,
    0x004030, 0x18624e, 0x2d8169, 0x429e82, 0x54b899, 0x65d1ae, 0x75e7c2, 0x84fcd4,
    0x004400, 0x1a661a, 0x328432, 0x48a048, 0x5cba5c, 0x6fd26f, 0x80e880, 0x90fc90,
    0x143c00, 0x355f18, 0x527e2d, 0x6e9c42, 0x87b754, 0x9ed065, 0xb4e775, 0xc8fc84,
    0x303800, 0x505916, 0x6d762b, 0x88923e, 0xa0ab4f, 0xb7c25f, 0xccd86e, 0xe0ec7c,
    0x482c00, 0x694d14, 0x866a26, 0xa28638, 0xbb9f47, 0xd2b656, 0xe8cc63, 0xfce070,
)

PALETTE = np.array([(c >> 16, c >> 8 & 255, c & 255) for c in _COLOURS], np.uint8)
"""The ALE's NTSC palette, uint8 (128, 3) RGB; row i is the colour of register value 2 * i."""
PALETTE.flags.writeable = False

cdef uint32_t[1024] _TABLE


cdef int _fill_table() except -1:
    # An entry no palette colour falls on stays 0, that is black, and black itself falls on entry 0: any
    # other colour met there differs from it and is reported as not in the palette.
    cdef uint32_t colour, at
    memset(_TABLE, 0, sizeof(_TABLE))
    for index, value in enumerate(_COLOURS):
        colour = value
        at = (colour * <uint32_t>0x7c97ca3b) >> 22
        if _TABLE[at] != 0:
            raise ImportError(f"palette colours {_TABLE[at] >> 8:#08x} and {colour:#08x} share a table entry")
        _TABLE[at] = colour << 8 | <uint32_t>index
    return 0


_fill_table()

cdef fh_palette_tables _TABLES


cdef int _fill_tables() except -1:
    # The parts solve one equation per palette colour, over GF(2) with one unknown per entry: eliminate, then
    # substitute back from the lowest unknown up, entries that are free or of no colour staying 0.
    cdef int channel, index
    equations = {}
    for index, colour in enumerate(_COLOURS):
        for channel in range(3):
            _TABLES.planes[channel][index] = colour >> 8 * (2 - channel) & 255
        red, green, blue = colour >> 18, colour >> 10 & 63, colour >> 2 & 63
        unknowns, value = 1 << red | 1 << 64 + green | 1 << 128 + blue, index
        while unknowns and unknowns.bit_length() in equations:
            others, known = equations[unknowns.bit_length()]
            unknowns, value = unknowns ^ others, value ^ known
        if not unknowns:
            raise ImportError(f"palette index {index} cannot be told from the others")
        equations[unknowns.bit_length()] = unknowns, value
    memset(_TABLES.parts, 0, sizeof(_TABLES.parts))
    for top, (unknowns, value) in sorted(equations.items()):
        for entry in range(top - 1):
            if unknowns >> entry & 1:
                value ^= _TABLES.parts[entry // 64][entry % 64]
        _TABLES.parts[(top - 1) // 64][(top - 1) % 64] = value
    return 0


_fill_tables()
fh_look_at_processor()


def _special(bint on):
    """Turn code for particular processors off, or on again as far as this one has what it needs; for tests."""
    global fh_wide, fh_avx2
    fh_look_at_processor()
    if not on:
        fh_wide = fh_avx2 = 0


cdef void _palette_frame(const Job* job, Py_ssize_t frame, uint8_t* scratch) noexcept nogil:
    cdef const uint8_t* red = job.source + frame * job.stride
    cdef Py_ssize_t size = job.height * job.width
    fh_palette(red, red + job.plane_stride, red + 2 * job.plane_stride, job.out + frame * size, size, _TABLE,
               &_TABLES)


def palette_index(frames, out=None, int threads=1):
    """Return the index 0..127 of each pixel's colour in PALETTE, 255 where it is not one of them.

    frames: uint8 (N, 3, H, W) RGB; out: uint8 (N, H, W) or None. Frames whose planes are contiguous are
    not copied. Raises TypeError for a wrong dtype and ValueError for a wrong shape or an overlapping out.
    """
    cdef Job job
    memset(&job, 0, sizeof(job))
    cdef cnp.ndarray source = _batch(frames, "frames", &job, True)
    cdef cnp.ndarray result = _output(out, (job.frames, job.height, job.width), np.uint8, (frames,))
    cdef int lanes = _lanes(threads, job.frames)
    job.out = <uint8_t*>cnp.PyArray_DATA(result)
    with nogil:
        _run(_palette_frame, &job, lanes)
    return result


cdef void _colours_frame(const Job* job, Py_ssize_t frame, uint8_t* scratch) noexcept nogil:
    cdef Py_ssize_t size = job.height * job.width
    cdef uint8_t* red = job.out + 3 * frame * size
    fh_colours(job.source + frame * job.stride, job.colours, red, red + size, red + 2 * size, size)


def palette_rgb(index, table, out=None, int threads=1):
    """Return RGB frames, every pixel the row of a colour table that its index names.

    index: uint8 (N, H, W); table: uint8 (256, 3) RGB; out: uint8 (N, 3, H, W) or None. Raises TypeError for
    a wrong dtype and ValueError for a wrong shape or an overlapping out.
    """
    cdef Job job
    memset(&job, 0, sizeof(job))
    cdef cnp.ndarray source = _batch(index, "index", &job, False)
    cdef cnp.ndarray colours = _typed(table, cnp.NPY_UINT8, 2, "table")
    if cnp.PyArray_DIM(colours, 0) != 256 or cnp.PyArray_DIM(colours, 1) != 3:
        raise ValueError(f"table must have shape (256, 3), got {table.shape}")
    cdef cnp.ndarray result = _output(out, (job.frames, 3, job.height, job.width), np.uint8, (index, table))
    # Plane by plane, so that a channel's table is 256 bytes in a row.
    colours = np.ascontiguousarray(colours.T)
    cdef int lanes = _lanes(threads, job.frames)
    job.colours = <const uint8_t*>cnp.PyArray_DATA(colours)
    job.out = <uint8_t*>cnp.PyArray_DATA(result)
    with nogil:
        _run(_colours_frame, &job, lanes)
    return result


cdef void _grey_frame(const Job* job, Py_ssize_t frame, uint8_t* scratch) noexcept nogil:
    cdef const uint8_t* red = job.source + frame * job.stride
    cdef Py_ssize_t size = job.height * job.width
    fh_grey(red, red + job.plane_stride, red + 2 * job.plane_stride, job.out + frame * size, size)


def grey(frames, out=None, int threads=1):
    """Return the luminance of each pixel, equal bit for bit to OpenCV's COLOR_RGB2GRAY.

    (9798 R + 19235 G + 3735 B + 16384) >> 15, the ITU-R BT.601 weights 0.299, 0.587 and 0.114 in 15-bit
    fixed point. frames: uint8 (N, 3, H, W) RGB; out: uint8 (N, H, W) or None. Raises TypeError for a
    wrong dtype and ValueError for a wrong shape or an overlapping out.
    """
    cdef Job job
    memset(&job, 0, sizeof(job))
    cdef cnp.ndarray source = _batch(frames, "frames", &job, True)
    cdef cnp.ndarray result = _output(out, (job.frames, job.height, job.width), np.uint8, (frames,))
    cdef int lanes = _lanes(threads, job.frames)
    job.out = <uint8_t*>cnp.PyArray_DATA(result)
    with nogil:
        _run(_grey_frame, &job, lanes)
    return result


cdef void _crop_frame(const Job* job, Py_ssize_t frame, uint8_t* scratch) noexcept nogil:
    cdef Py_ssize_t plane
    cdef const uint8_t* source
    cdef uint8_t* out
    for plane in range(job.planes):
        source = job.source + frame * job.stride + plane * job.plane_stride + job.top * job.width + job.left
        out = job.out + (frame * job.planes + plane) * job.rows * job.columns
        if job.columns == job.width:
            memcpy(out, source, job.rows * job.columns)
        else:
            fh_copy_rows(source, job.width, out, job.rows, job.columns)


def crop(frames, Py_ssize_t top, Py_ssize_t bottom, Py_ssize_t left, Py_ssize_t right, out=None, int threads=1):
    """Return a contiguous copy of rows top..bottom-1 and columns left..right-1 of every frame.

    frames: uint8 (N, 3, H, W) or (N, H, W); 0 <= top <= bottom <= H, 0 <= left <= right <= W; out: uint8
    of the result's shape or None. Raises TypeError for a wrong dtype and ValueError for a wrong shape, a
    box that does not fit or an overlapping out.
    """
    cdef Job job
    memset(&job, 0, sizeof(job))
    cdef cnp.ndarray source = _batch(frames, "frames", &job, isinstance(frames, np.ndarray) and frames.ndim == 4)
    if not (0 <= top <= bottom <= job.height and 0 <= left <= right <= job.width):
        raise ValueError(f"crop rows {top}..{bottom}, columns {left}..{right} do not fit frames of "
                         f"{job.height} x {job.width}")
    job.top, job.left, job.rows, job.columns = top, left, bottom - top, right - left
    # The leading axes stay as they are.
    shape = frames.shape[:source.ndim - 2] + (job.rows, job.columns)
    cdef cnp.ndarray result = _output(out, shape, np.uint8, (frames,))
    cdef int lanes = _lanes(threads, job.frames)
    job.out = <uint8_t*>cnp.PyArray_DATA(result)
    with nogil:
        _run(_crop_frame, &job, lanes)
    return result


cdef void _area_large(const Job* job, const uint8_t* block, uint8_t* out, float scale) noexcept nogil:
    # More than 256 rows to a block do not fit the 16-bit sums of the fast path.
    cdef Py_ssize_t column, y, x
    cdef uint32_t total
    for column in range(job.width // job.columns):
        total = 0
        for y in range(job.rows):
            for x in range(job.columns):
                total += block[y * job.width + column * job.columns + x]
        out[column] = fh_round(total, scale)


cdef void _area_frame(const Job* job, Py_ssize_t frame, uint8_t* scratch) noexcept nogil:
    cdef Py_ssize_t height = job.height // job.rows
    cdef Py_ssize_t width = job.width // job.columns
    cdef const uint8_t* block = job.source + frame * job.stride
    cdef uint8_t* out = job.out + frame * height * width
    cdef uint16_t* sums = <uint16_t*>scratch
    cdef float scale = <float>1.0 / <float>(job.rows * job.columns)
    cdef Py_ssize_t row
    for row in range(height):
        if job.rows > 256:
            _area_large(job, block, out, scale)
        else:
            fh_sum_rows(block, job.width, <int>job.rows, sums, width * job.columns)
            if job.rows == 2 and job.columns == 2:
                fh_fold_2x2(sums, out, width)
            else:
                fh_fold(sums, out, width, <int>job.columns, scale)
        block += job.rows * job.width
        out += width


def area_downsample(planes, Py_ssize_t factor_y, Py_ssize_t factor_x, out=None, int threads=1):
    """Return the mean over blocks of factor_y x factor_x pixels; rows and columns left over are dropped.

    planes: uint8 (N, H, W); out: uint8 (N, H // factor_y, W // factor_x) or None. Rounded bit for bit as
    OpenCV's INTER_AREA does for integer factors: sum times float32(1 / area), ties to even, but ties up
    for 2 x 2. Factors are 1..65535 with a product of at most 65535. Raises TypeError for a wrong dtype
    and ValueError for a wrong shape or factor or an overlapping out.
    """
    cdef Job job
    memset(&job, 0, sizeof(job))
    cdef cnp.ndarray source = _batch(planes, "planes", &job, False)
    # Beyond 65535 pixels a block's sum is no longer exact in float32.
    if factor_y < 1 or factor_x < 1 or factor_y > 65535 or factor_x > 65535 or factor_y * factor_x > 65535:
        raise ValueError(f"factors must be at least 1 with a product of at most 65535, got {factor_y} x {factor_x}")
    job.rows, job.columns = factor_y, factor_x
    cdef cnp.ndarray result = _output(out, (job.frames, job.height // factor_y, job.width // factor_x), np.uint8,
                                      (planes,))
    cdef int lanes = _lanes(threads, job.frames)
    cdef cnp.ndarray scratch = np.empty((lanes, job.width + 64), np.uint16)
    job.out = <uint8_t*>cnp.PyArray_DATA(result)
    job.scratch, job.scratch_bytes = <uint8_t*>cnp.PyArray_DATA(scratch), cnp.PyArray_STRIDE(scratch, 0)
    with nogil:
        _run(_area_frame, &job, lanes)
    return result


# Two contiguous arrays are worked through in pieces of this many bytes, whatever their shape.
cdef Py_ssize_t _PIECE = 65536


cdef void _max_piece(const Job* job, Py_ssize_t frame, uint8_t* scratch) noexcept nogil:
    fh_max(job.source + frame * job.stride, job.second + frame * job.second_stride,
           job.out + frame * job.width, min(job.width, job.count - frame * job.width))


cdef void _difference_piece(const Job* job, Py_ssize_t frame, uint8_t* scratch) noexcept nogil:
    fh_difference(job.source + frame * job.stride, job.second + frame * job.second_stride,
                  job.out + frame * job.width, min(job.width, job.count - frame * job.width))


cdef object _pairwise(kernel_t kernel, object a, object b, object out, int threads):
    cdef Job job
    memset(&job, 0, sizeof(job))
    cdef cnp.ndarray first = _bytes(a, "a", 1)
    cdef cnp.ndarray second = _bytes(b, "b", 1)
    if a.shape != b.shape or a.ndim == 0:
        raise ValueError(f"a and b must have equal shapes of at least 1 dimension, got {a.shape} and {b.shape}")
    # Writing over one of the inputs is fine as long as it is exactly that input.
    cdef cnp.ndarray result = _output(out, a.shape, np.uint8, tuple([x for x in (a, b) if x is not out]))
    job.count = cnp.PyArray_SIZE(first)
    if _inner_contiguous(first, 0) and _inner_contiguous(second, 0):
        job.width = job.stride = job.second_stride = _PIECE
        job.frames = (job.count + _PIECE - 1) // _PIECE
    else:
        if cnp.PyArray_NDIM(first) == 1:
            first, second = np.ascontiguousarray(first).reshape(1, -1), np.ascontiguousarray(second).reshape(1, -1)
        job.frames = cnp.PyArray_DIM(first, 0)
        job.width = job.count // job.frames if job.frames > 0 else 0
        job.stride, job.second_stride = cnp.PyArray_STRIDE(first, 0), cnp.PyArray_STRIDE(second, 0)
    cdef int lanes = _lanes(threads, job.frames)
    job.source = <const uint8_t*>cnp.PyArray_DATA(first)
    job.second = <const uint8_t*>cnp.PyArray_DATA(second)
    job.out = <uint8_t*>cnp.PyArray_DATA(result)
    with nogil:
        _run(kernel, &job, lanes)
    return result


def frame_max(a, b, out=None, int threads=1):
    """Return the elementwise maximum of two uint8 arrays of equal shape (any, at least one axis).

    out: uint8 of that shape or None; it may be `a` or `b` itself. Raises TypeError for a wrong dtype and
    ValueError for unequal shapes or an out that overlaps otherwise.
    """
    return _pairwise(_max_piece, a, b, out, threads)


def frame_difference(a, b, out=None, int threads=1):
    """Return the elementwise absolute difference of two uint8 arrays of equal shape (any, at least one axis).

    out: uint8 of that shape or None; it may be `a` or `b` itself. Raises TypeError for a wrong dtype and
    ValueError for unequal shapes or an out that overlaps otherwise.
    """
    return _pairwise(_difference_piece, a, b, out, threads)


cdef void _mask_frame(const Job* job, Py_ssize_t frame, uint8_t* scratch) noexcept nogil:
    cdef const uint8_t* red = job.source + frame * job.stride
    cdef const uint8_t* green = red + job.plane_stride
    cdef const uint8_t* blue = green + job.plane_stride
    cdef Py_ssize_t size = job.height * job.width
    cdef uint8_t* out = job.out + frame * job.count * size
    cdef Py_ssize_t start, length, k
    # Tiles of 4096 pixels stay in the first-level cache while all colours pass over them.
    for start in range(0, size, 4096):
        length = min(4096, size - start)
        for k in range(job.count):
            fh_match(red + start, green + start, blue + start, out + k * size + start, length,
                     job.colours[3 * k], job.colours[3 * k + 1], job.colours[3 * k + 2])


def colour_mask(frames, colours, out=None, int threads=1):
    """Return 1 where a pixel has exactly the k-th colour and 0 elsewhere, one plane per colour.

    frames: uint8 (N, 3, H, W) RGB; colours: uint8 (K, 3) RGB; out: uint8 (N, K, H, W) or None. Raises
    TypeError for a wrong dtype and ValueError for a wrong shape or an overlapping out.
    """
    cdef Job job
    memset(&job, 0, sizeof(job))
    cdef cnp.ndarray source = _batch(frames, "frames", &job, True)
    cdef cnp.ndarray wanted = _typed(colours, cnp.NPY_UINT8, 2, "colours")
    if cnp.PyArray_DIM(wanted, 1) != 3:
        raise ValueError(f"colours must have shape (K, 3), got {colours.shape}")
    job.count = cnp.PyArray_DIM(wanted, 0)
    job.colours = <const uint8_t*>cnp.PyArray_DATA(wanted)
    cdef cnp.ndarray result = _output(out, (job.frames, job.count, job.height, job.width), np.uint8,
                                      (frames, colours))
    cdef int lanes = _lanes(threads, job.frames)
    job.out = <uint8_t*>cnp.PyArray_DATA(result)
    with nogil:
        _run(_mask_frame, &job, lanes)
    return result


cdef void _shade_frame(const Job* job, Py_ssize_t frame, uint8_t* scratch) noexcept nogil:
    cdef Py_ssize_t rows = job.rows, columns = job.columns, k, c, row
    cdef uint8_t* out = job.out + frame * job.planes * rows * columns
    cdef const uint8_t* channel[3]
    memset(out, 0, job.planes * rows * columns)
    for row in range(rows):
        for c in range(3):
            channel[c] = job.source + frame * job.stride + c * job.plane_stride + row * job.top * job.width
            if job.left > 1:
                fh_thin(channel[c], job.left, scratch + c * columns, columns)
                channel[c] = scratch + c * columns
        for k in range(job.count):
            fh_shade(channel[0], channel[1], channel[2], out + (job.owners[k] * rows + row) * columns, columns,
                     job.shades + 10 * k)


def shade_mask(frames, shades, owners, Py_ssize_t planes, Py_ssize_t every_y=1, Py_ssize_t every_x=1, out=None,
               int threads=1):
    """Return 1 where a pixel is within the bounds of a shade and 0 elsewhere; shades of one owner share a plane.

    frames: uint8 (N, 3, H, W) RGB; shades: int16 (K, 10), inclusive low and high of red, green, blue,
    red - green and green - blue; owners: int32 (K,), the plane of each, 0 .. planes - 1; every_y, every_x: only
    every so manieth row and column is looked at, from the first one on; out: uint8 (N, planes,
    ceil(H / every_y), ceil(W / every_x)) or None. Raises TypeError for a wrong dtype and ValueError for a wrong
    shape, step or owner or an overlapping out.
    """
    cdef Job job
    memset(&job, 0, sizeof(job))
    cdef cnp.ndarray source = _batch(frames, "frames", &job, True)
    cdef cnp.ndarray bounds = _typed(shades, cnp.NPY_INT16, 2, "shades")
    cdef cnp.ndarray places = _typed(owners, cnp.NPY_INT32, 1, "owners")
    if cnp.PyArray_DIM(bounds, 1) != 10:
        raise ValueError(f"shades must have shape (K, 10), got {shades.shape}")
    job.count = cnp.PyArray_DIM(bounds, 0)
    _check_rows(places, job.count, "owners")
    if every_y < 1 or every_x < 1:
        raise ValueError(f"every_y and every_x must be at least 1, got {every_y} and {every_x}")
    if planes < 0 or ((owners < 0) | (owners >= planes)).any():
        raise ValueError(f"owners must be 0 .. planes - 1, got {planes} planes and {owners}")
    job.planes = planes
    job.top, job.left = every_y, every_x
    job.rows, job.columns = (job.height + every_y - 1) // every_y, (job.width + every_x - 1) // every_x
    job.shades = <const int16_t*>cnp.PyArray_DATA(bounds)
    job.owners = <const int32_t*>cnp.PyArray_DATA(places)
    cdef cnp.ndarray result = _output(out, (job.frames, planes, job.rows, job.columns), np.uint8, (frames,))
    cdef int lanes = _lanes(threads, job.frames)
    job.scratch_bytes = (3 * job.columns + 63) // 64 * 64
    cdef cnp.ndarray scratch = np.empty(max(1, lanes * job.scratch_bytes), np.uint8)
    job.scratch = <uint8_t*>cnp.PyArray_DATA(scratch)
    job.out = <uint8_t*>cnp.PyArray_DATA(result)
    with nogil:
        _run(_shade_frame, &job, lanes)
    return result


# ---------------------------------------------------------------------------------------------
# Connected components
# ---------------------------------------------------------------------------------------------

cdef packed struct Component:
    int32_t area
    int32_t top
    int32_t bottom
    int32_t left
    int32_t right
    float y
    float x


COMPONENT = np.dtype([
    ("area", "i4"),
    ("top", "i4"),
    ("bottom", "i4"),
    ("left", "i4"),
    ("right", "i4"),
    ("y", "f4"),
    ("x", "f4"),
])
"""One component, 28 bytes: pixel count, bounding box (bottom and right exclusive), centroid in pixels."""

if COMPONENT.itemsize != sizeof(Component):
    raise ImportError(f"COMPONENT has {COMPONENT.itemsize} bytes, the compiled struct {sizeof(Component)}")


cdef struct Blob:
    # A component under construction; `parent` is its own index while it is a root.
    int64_t sum_y
    int64_t sum_x
    int32_t parent
    int32_t area
    int32_t top
    int32_t bottom
    int32_t left
    int32_t right


cdef struct Lane:
    # The scratch space of one lane: run ends and labels of two rows, all blobs, the best of them.
    int32_t* ends
    int32_t* labels
    int32_t* best
    Blob* blobs


cdef inline int32_t _root(Blob* blobs, int32_t at) noexcept nogil:
    while blobs[at].parent != at:
        blobs[at].parent = blobs[blobs[at].parent].parent
        at = blobs[at].parent
    return at


cdef int32_t _join(Blob* blobs, int32_t a, int32_t b) noexcept nogil:
    # The older root wins, so roots are numbered by the raster order of their first pixel.
    cdef Blob* into
    cdef Blob* other
    if a > b:
        a, b = b, a
    into = &blobs[a]
    other = &blobs[b]
    other.parent = a
    into.area += other.area
    into.sum_y += other.sum_y
    into.sum_x += other.sum_x
    into.top = min(into.top, other.top)
    into.bottom = max(into.bottom, other.bottom)
    into.left = min(into.left, other.left)
    into.right = max(into.right, other.right)
    return a


cdef inline void _new_blob(Blob* blobs, int32_t label, int32_t row, int32_t start, int32_t stop) noexcept nogil:
    cdef Blob* blob = &blobs[label]
    blob.parent = label
    blob.area = 0
    blob.sum_y = 0
    blob.sum_x = 0
    blob.top = row
    blob.bottom = row + 1
    blob.left = start
    blob.right = stop


cdef inline void _add_run(Blob* blob, int32_t row, int32_t start, int32_t stop) noexcept nogil:
    cdef int32_t length = stop - start
    blob.area += length
    blob.sum_y += <int64_t>row * length
    # start + ... + stop - 1
    blob.sum_x += (<int64_t>start + stop - 1) * length // 2
    blob.bottom = row + 1
    blob.left = min(blob.left, start)
    blob.right = max(blob.right, stop)


cdef int32_t _label(const uint8_t* mask, Py_ssize_t height, Py_ssize_t width, int32_t reach,
                    Lane* lane) noexcept nogil:
    """Fill the lane's blobs from one mask and return how many there are, joined ones included.

    A run touches a run of the row above when they share a column (reach 0) or a corner (reach 1).
    """
    cdef Blob* blobs = lane.blobs
    cdef int32_t* ends = lane.ends
    cdef int32_t* labels = lane.labels
    cdef int32_t* above_ends = ends + width + 1
    cdef int32_t* above_labels = labels + width + 1
    cdef int32_t above = 0, made = 0, count, row, run, start, stop, first, at, label, root
    for row in range(<int32_t>height):
        count = fh_runs(mask + row * width, <int32_t>width, ends)
        first = 0
        for run in range(count):
            start = ends[2 * run]
            stop = ends[2 * run + 1]
            while first < above and above_ends[2 * first + 1] + reach <= start:
                first += 1
            label = -1
            at = first
            while at < above and above_ends[2 * at] < stop + reach:
                root = _root(blobs, above_labels[at])
                if label < 0:
                    label = root
                elif label != root:
                    label = _join(blobs, label, root)
                at += 1
            if label < 0:
                label = made
                made += 1
                _new_blob(blobs, label, row, start, stop)
            _add_run(&blobs[label], row, start, stop)
            labels[run] = label
        ends, above_ends = above_ends, ends
        labels, above_labels = above_labels, labels
        above = count
    return made


cdef inline bint _before(const Blob* blobs, int32_t a, int32_t b) noexcept nogil:
    # Whether blob a comes before blob b in the result.
    if blobs[a].area != blobs[b].area:
        return blobs[a].area > blobs[b].area
    if blobs[a].top != blobs[b].top:
        return blobs[a].top < blobs[b].top
    if blobs[a].left != blobs[b].left:
        return blobs[a].left < blobs[b].left
    return a < b


cdef void _sink(const Blob* blobs, int32_t* heap, Py_ssize_t size, int32_t value) noexcept nogil:
    # Put `value` at the root of a heap whose root is the last in order, and let it sink to its place.
    cdef Py_ssize_t at = 0, child
    while True:
        child = 2 * at + 1
        if child >= size:
            break
        if child + 1 < size and _before(blobs, heap[child], heap[child + 1]):
            child += 1
        if not _before(blobs, value, heap[child]):
            break
        heap[at] = heap[child]
        at = child
    heap[at] = value


cdef void _rise(const Blob* blobs, int32_t* heap, Py_ssize_t at, int32_t value) noexcept nogil:
    cdef Py_ssize_t parent
    while at > 0:
        parent = (at - 1) // 2
        if not _before(blobs, heap[parent], value):
            break
        heap[at] = heap[parent]
        at = parent
    heap[at] = value


cdef int32_t _select(const Blob* blobs, int32_t made, int32_t minimum, Py_ssize_t limit, int32_t* best) noexcept nogil:
    """Leave the first `limit` components in `best`, sorted, and return how many there are in all."""
    cdef int32_t total = 0, label, last
    cdef Py_ssize_t kept
    for label in range(made):
        if blobs[label].parent != label or blobs[label].area < minimum:
            continue
        if total < limit:
            _rise(blobs, best, total, label)
        elif _before(blobs, label, best[0]):
            _sink(blobs, best, limit, label)
        total += 1
    kept = min(<Py_ssize_t>total, limit)
    while kept > 1:
        kept -= 1
        last = best[0]
        _sink(blobs, best, kept, best[kept])
        best[kept] = last
    return total


cdef void _component_frame(const Job* job, Py_ssize_t frame, uint8_t* scratch) noexcept nogil:
    cdef Component* out = <Component*>job.out + frame * job.count
    cdef Py_ssize_t i, kept
    cdef Lane lane
    cdef const Blob* blob
    cdef int32_t made
    # Blobs first: they need the strictest alignment.
    lane.blobs = <Blob*>scratch
    lane.ends = <int32_t*>(lane.blobs + _most_blobs(job.height, job.width))
    lane.labels = lane.ends + 2 * (job.width + 1)
    lane.best = lane.labels + 2 * (job.width + 1)
    made = _label(job.source + frame * job.stride, job.height, job.width, <int32_t>job.reach, &lane)
    job.counts[frame] = _select(lane.blobs, made, <int32_t>job.minimum, job.rows, lane.best)
    kept = min(<Py_ssize_t>job.counts[frame], job.rows)
    for i in range(kept):
        blob = &lane.blobs[lane.best[i]]
        out[i].area = blob.area
        out[i].top = blob.top
        out[i].bottom = blob.bottom
        out[i].left = blob.left
        out[i].right = blob.right
        out[i].y = <float>(<double>blob.sum_y / blob.area)
        out[i].x = <float>(<double>blob.sum_x / blob.area)
    memset(out + kept, 0, (job.count - kept) * sizeof(Component))


cdef inline Py_ssize_t _most_blobs(Py_ssize_t height, Py_ssize_t width) noexcept nogil:
    # Every second pixel of every row can start a run of its own.
    return height * ((width + 1) // 2)


def connected_components(masks, Py_ssize_t max_components, int64_t min_area=1, int connectivity=4, out=None,
                         int threads=1):
    """Return how many components every mask has and the largest of them.

    masks: uint8 (N, H, W), any value but 0 is set; connectivity: 4 or 8. Components with at least
    `min_area` pixels count. Returns (counts, components): counts int32 (N,), the true number even beyond
    `max_components`; components COMPONENT (N, max_components) sorted by area descending, then top, then
    left, then the raster order of the first pixel; entries past the count are zero. out: such a pair of
    arrays or None. Raises TypeError for a wrong dtype and ValueError for a wrong shape, connectivity,
    max_components or min_area (both at least 1), masks of more than 2**31 - 1 pixels or an overlapping out.
    """
    cdef Job job
    memset(&job, 0, sizeof(job))
    cdef cnp.ndarray source = _batch(masks, "masks", &job, False)
    if connectivity != 4 and connectivity != 8:
        raise ValueError(f"connectivity must be 4 or 8, got {connectivity}")
    if max_components < 1 or min_area < 1:
        raise ValueError(f"max_components and min_area must be at least 1, got {max_components} and {min_area}")
    if job.height * job.width > 2147483647:
        raise ValueError(f"masks must have at most 2**31 - 1 pixels each, got {job.height} x {job.width}")
    if out is not None and not (isinstance(out, tuple) and len(out) == 2):
        raise TypeError("out must be a pair (counts, components) or None")
    counts, components = out if out is not None else (None, None)
    cdef cnp.ndarray counts_ = _output(counts, (job.frames,), np.int32, (masks,), "out[0]")
    cdef cnp.ndarray components_ = _output(components, (job.frames, max_components), COMPONENT, (masks, counts_),
                                           "out[1]")
    cdef int lanes = _lanes(threads, job.frames)
    cdef Py_ssize_t most = _most_blobs(job.height, job.width)
    job.count = max_components
    job.rows = min(max_components, most)
    job.minimum = min(min_area, 2147483647)
    job.reach = 1 if connectivity == 8 else 0
    job.scratch_bytes = most * sizeof(Blob) + (4 * (job.width + 1) + job.rows) * sizeof(int32_t)
    # A whole number of cache lines per lane keeps every lane's blobs aligned.
    job.scratch_bytes = (job.scratch_bytes + 63) // 64 * 64
    cdef cnp.ndarray scratch = np.empty(max(1, lanes * job.scratch_bytes), np.uint8)
    job.scratch = <uint8_t*>cnp.PyArray_DATA(scratch)
    job.out = <uint8_t*>cnp.PyArray_DATA(components_)
    job.counts = <int32_t*>cnp.PyArray_DATA(counts_)
    with nogil:
        _run(_component_frame, &job, lanes)
    return counts_, components_
