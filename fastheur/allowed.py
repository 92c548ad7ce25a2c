"""What a policy's code may name: builtins, attributes, and the parts of the libraries that it may import."""

import builtins
import math
import re
import types

import numpy as np

from fastheur import gaits, planner, vision
from fastheur.errors import nearest

IMPORTS = ("math", "numpy", "numba", "cv2", "fastheur.policy", "fastheur.vision", "fastheur.planner")

_ERRORS = {
    name: kind for name, kind in vars(builtins).items() if isinstance(kind, type) and issubclass(kind, BaseException)
}
_EXCEPTIONS = frozenset(
    name for name, kind in _ERRORS.items() if issubclass(kind, Exception) and not issubclass(kind, BaseExceptionGroup)
)
ENDINGS = frozenset(_ERRORS) - _EXCEPTIONS
"""Builtin exceptions that no ``except Exception`` catches, and groups: they end programs, and are not for policies."""
BUILTINS = _EXCEPTIONS | frozenset(
    (
        "abs", "all", "any", "bin", "bool", "bytearray", "bytes", "callable", "chr", "classmethod", "complex", "dict",
        "divmod", "enumerate", "filter", "float", "format", "frozenset", "hasattr", "hex", "int", "isinstance", "issubclass",
        "iter", "len", "list", "map", "max", "min", "next", "object", "oct", "ord", "pow", "print", "property", "range",
        "repr", "reversed", "round", "set", "slice", "sorted", "staticmethod", "str", "sum", "super", "tuple", "zip",
        "getattr", "setattr", "delattr", "type", "NotImplemented", "Ellipsis", "__name__",
    )
)  # fmt: skip
"""Not among them: files, code, frames and modules; ``id`` and ``hash``, which differ from run to run; ``memoryview``."""

BY_CONSTANT_NAME = frozenset(("getattr", "setattr", "delattr", "hasattr"))
REFUSED_BUILTINS = frozenset(
    name
    for name in (*vars(builtins), "exit", "quit", "help", "copyright", "credits", "license")
    if name not in BUILTINS
)

METHODS = frozenset(
    f"__{name}__"
    for name in (
        "init", "call", "len", "getitem", "setitem", "contains", "iter", "next", "repr", "str", "bool", "hash", "enter", "exit",
        "eq", "ne", "lt", "le", "gt", "ge", "add", "sub", "mul", "truediv", "floordiv", "mod", "neg", "abs", "radd", "rsub",
        "rmul", "iadd", "isub", "imul",
    )
)  # fmt: skip
"""Methods with two underscores that a class of a policy may define."""

HARNESS_NAMES = frozenset(("_key", "_draws"))
"""Fields that belong to the harness, in classes of a policy too."""

_INNER_KINDS = (
    types.FrameType, types.CodeType, types.GeneratorType, types.CoroutineType, types.AsyncGeneratorType, types.TracebackType,
)  # fmt: skip
ATTRIBUTES = frozenset(
    name
    for kind in _INNER_KINDS
    for name in dir(kind)
    if name.startswith(("f_", "co_", "gi_", "cr_", "ag_", "tb_"))
) | frozenset(
    (
        "func_code", "func_globals", "ctypes", "setflags", "tofile", "dump", "dumps", "mro", "with_traceback",
        "add_note", "enable_caching", "targetoptions", "targetdescr", "targetctx", "typingctx", "get_compile_result",
        "get_metadata", "overloads", "recompile", "inspect_llvm", "inspect_asm", "inspect_types", "inspect_cfg",
        "inspect_disasm_cfg", "parallel_diagnostics", "ExternalFunction", "ExternalFunctionPointer", "flat", "getitem_unchecked",
    )
)  # fmt: skip
"""Attributes that lead to frames, code, files or foreign memory, of whatever object."""

ATTRIBUTE_HINTS = {
    "flat": "Numba does not check its bounds; write array.ravel() or as many indices as there are axes",
    "getitem_unchecked": "it reads without a check of bounds; write values[place]",
}

ARRAY_ATTRIBUTES = frozenset(("base", "data", "flags"))
"""Refused but on the policy's own records, which may have fields of these names."""
RECORDS = frozenset(("self", "state", "params", "info"))

JIT_OPTIONS: dict[str, tuple[object, ...]] = {
    "boundscheck": (True,),
    "error_model": ("python", "numpy"),
    "inline": ("never",),
    "nogil": (True, False),
    "nopython": (True,),
}
"""Options of numba.njit and what each may be. ``fastmath`` is none of them: its results differ from machine to machine."""

_NUMPY = {"numpy": vars(np), "numpy.linalg": vars(np.linalg), "numpy.fft": vars(np.fft)}
_NUMPY_REFUSED = frozenset(
    (
        "lib", "ctypeslib", "f2py", "testing", "core", "distutils", "compat", "load", "loads", "save", "savez",
        "savez_compressed", "savetxt", "loadtxt", "genfromtxt", "fromregex", "memmap", "fromfile", "DataSource", "recfromtxt",
        "recfromcsv", "from_dlpack", "safe_eval", "source", "lookfor", "info", "who", "show_config", "show_runtime",
        "get_include", "deprecate", "deprecate_with_doc", "disp", "add_docstring", "add_newdoc", "add_newdoc_ufunc", "seterr",
        "seterrcall", "seterrobj", "geterrobj", "setbufsize", "set_numeric_ops", "set_printoptions", "set_string_function",
        "printoptions", "datetime64", "test", "byte_bounds", "getbufsize", "take_along_axis",
    )
)  # fmt: skip
_NUMPY_OBJECTS = frozenset(("c_", "r_", "s_", "index_exp", "mgrid", "ogrid", "newaxis", "ScalarType"))
_SCALARS = frozenset(
    (
        "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64", "boolean", "intp",
        "uintp", "intc", "byte", "double", "void", "b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f4", "f8",
    )
)  # fmt: skip
_CV2 = frozenset(
    (
        "absdiff", "accumulate", "accumulateProduct", "accumulateSquare", "accumulateWeighted", "adaptiveThreshold",
        "add", "addWeighted", "applyColorMap", "approxPolyDP", "arcLength", "arrowedLine", "bilateralFilter",
        "bitwise_and", "bitwise_not", "bitwise_or", "bitwise_xor", "blur", "boundingRect", "boxFilter", "boxPoints",
        "buildOpticalFlowPyramid", "calcBackProject", "calcHist", "calcOpticalFlowFarneback", "calcOpticalFlowPyrLK",
        "CamShift", "Canny", "cartToPolar", "checkRange", "circle", "clipLine", "compare", "compareHist",
        "connectedComponents", "connectedComponentsWithAlgorithm", "connectedComponentsWithStats",
        "connectedComponentsWithStatsWithAlgorithm", "contourArea", "convertScaleAbs", "convexHull",
        "convexityDefects", "copyMakeBorder", "cornerEigenValsAndVecs", "cornerHarris", "cornerMinEigenVal",
        "cornerSubPix", "countNonZero", "createCLAHE", "cvtColor", "dct", "determinant", "dft", "dilate",
        "distanceTransform", "distanceTransformWithLabels", "divide", "drawContours", "drawMarker", "eigen",
        "ellipse", "ellipse2Poly", "equalizeHist", "erode", "exp", "extractChannel", "fillConvexPoly", "fillPoly",
        "filter2D", "findContours", "findNonZero", "fitEllipse", "fitLine", "flip", "floodFill", "gemm",
        "GaussianBlur", "getAffineTransform", "getDerivKernels", "getGaborKernel", "getGaussianKernel",
        "getPerspectiveTransform", "getRectSubPix", "getRotationMatrix2D", "getStructuringElement",
        "goodFeaturesToTrack", "hconcat", "HoughCircles", "HoughLines", "HoughLinesP", "HuMoments", "idct", "idft",
        "inRange", "insertChannel", "integral", "integral2", "integral3", "intersectConvexConvex", "invert",
        "invertAffineTransform", "isContourConvex", "KalmanFilter", "Laplacian", "line", "linearPolar", "log",
        "logPolar", "LUT", "magnitude", "Mahalanobis", "matchShapes", "matchTemplate", "max", "mean", "meanShift",
        "meanStdDev", "medianBlur", "merge", "min", "minAreaRect", "minEnclosingCircle", "minEnclosingTriangle",
        "minMaxLoc", "mixChannels", "moments", "morphologyEx", "mulSpectrums", "multiply", "norm", "normalize",
        "perspectiveTransform", "phase", "phaseCorrelate", "pointPolygonTest", "polarToCart", "polylines", "pow",
        "preCornerDetect", "putText", "pyrDown", "pyrMeanShiftFiltering", "pyrUp", "rectangle", "reduce", "remap",
        "repeat", "resize", "rotate", "rotatedRectangleIntersection", "scaleAdd", "Scharr", "sepFilter2D",
        "setIdentity", "Sobel", "solve", "solveCubic", "solvePoly", "sort", "sortIdx", "spatialGradient", "split",
        "sqrBoxFilter", "sqrt", "stackBlur", "subtract", "sumElems", "SVBackSubst", "SVDecomp", "threshold", "trace",
        "transform", "transpose", "vconcat", "warpAffine", "warpPerspective", "warpPolar", "watershed",
    )
)  # fmt: skip
_CONSTANT = re.compile("[A-Z][A-Z0-9_]*")
_NUMPY_HINTS = {
    "seterr": "write `with np.errstate(...):`",
    "datetime64": "a policy has no clock; info.elapsed counts steps",
    "take_along_axis": "Numba does not check its bounds; write a loop over values[row, places[row]]",
}

_PARTS: dict[str, frozenset[str]] = {
    "math": frozenset(vars(math)),
    "numba": _SCALARS | {"njit", "jit", "prange", "typeof", "literally", "literal_unroll", "types", "typed"},
    "numba.typed": frozenset(("List", "Dict")),
    "numba.types": _SCALARS
    | {"UniTuple", "Tuple", "ListType", "DictType", "none", "unicode_type", "Optional", "bool_"},
    "cv2": _CV2,
    "fastheur": frozenset(("policy", "vision", "planner")),
    "fastheur.policy": frozenset(("Param", "Frame", "Shade", "uniform", "Number", "SlotRandom", *gaits.__all__)),
    "fastheur.vision": frozenset(vision.__all__),
    "fastheur.planner": frozenset(planner.__all__) - {"prepare"},  # which is for whoever runs the policy
}
LIBRARIES = frozenset((*_NUMPY, *_PARTS))
"""Modules, whose parts are named one by one: each stands before a point and nowhere else."""


def refusal(path: str) -> str | None:
    """Say why a policy may not use a part of a library, such as ``numpy.linalg.norm``, or return None."""
    module, *parts = path.split(".")
    for part in parts:
        problem = _part_refusal(module, part)
        if problem:
            return problem
        module = f"{module}.{part}"
        if module not in LIBRARIES:  # what follows is an attribute of a function or a type
            return None
    return None


def _part_refusal(module: str, part: str) -> str | None:
    if part.startswith("_"):
        return "names that start with _ are not for policies"
    if module in _NUMPY:
        return _numpy_refusal(module, part)
    known = _PARTS.get(module)
    if known is None or part in known or (module == "cv2" and _CONSTANT.fullmatch(part)):
        return None
    if module == "cv2":
        return f"of OpenCV it may use what works on images in memory, without chance.{nearest(part, known)}"
    return f"of {module} it may use {', '.join(sorted(name for name in known if not name.startswith('_')))}"


def _numpy_refusal(module: str, part: str) -> str | None:
    known = _NUMPY[module]
    if part == "random":
        return "randomness comes from uniform(state)"
    if part in _NUMPY_REFUSED:
        return _NUMPY_HINTS.get(part, "it leads to files, to foreign memory, or to what the harness itself uses")
    if f"{module}.{part}" in LIBRARIES:
        return None
    if part not in known:
        return f"NumPy {np.__version__} has no such function, type or constant.{nearest(part, known)}"
    value = known[part]
    if isinstance(value, types.ModuleType):
        return "of the modules inside NumPy it may use linalg and fft"
    if callable(value) or isinstance(value, int | float | np.generic) or part in _NUMPY_OBJECTS:
        return None
    return "it may use NumPy's functions, types and constants"
