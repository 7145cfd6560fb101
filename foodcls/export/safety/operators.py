"""The operators that an exported file may use; a file with any other is refused."""

# What exporting the backbones of torchvision and timm was seen to use, and siblings that compute as
# plainly. None reads or writes a file, runs code, or changes more than the tensors it is given.
_ATEN = """
Bool Float FloatImplicit Int IntImplicit ScalarImplicit __getitem__ _convolution _convolution_mode
_upsample_bicubic2d_aa _upsample_bilinear2d_aa abs adaptive_avg_pool1d adaptive_avg_pool2d
adaptive_max_pool2d add add_ addcmul addmm amax amin arange avg_pool1d avg_pool2d avg_pool3d baddbmm
batch_norm bitwise_not bmm cat ceil celu celu_ chunk clamp clamp_ clamp_max clamp_min clone col2im
contiguous conv1d conv2d copy_ cos cumsum detach device dim div div_ dropout dropout_ einsum elu
elu_ eq erf exp exp_ expand expand_as feature_dropout fill_ flatten flip floor floor_divide full
full_like gather ge gelu gelu_ glu grid_sampler group_norm gt hardsigmoid hardsigmoid_ hardswish
hardswish_ hardtanh hardtanh_ im2col index index_select instance_norm is_floating_point layer_norm
le leaky_relu leaky_relu_ len linalg_vector_norm linear log log_softmax logical_not logsumexp lstm
lt masked_fill masked_fill_ matmul max max_pool2d maximum mean meshgrid min minimum mish mish_
movedim mul mul_ narrow ne neg new_zeros numel ones ones_like pad permute pixel_shuffle
pixel_unshuffle pow prelu reciprocal relu relu6 relu6_ relu_ remainder repeat repeat_interleave
reshape reshape_as rms_norm roll round rsqrt rsub scaled_dot_product_attention select selu selu_
sigmoid sigmoid_ silu silu_ sin size slice softmax softplus split split_with_sizes sqrt square
squeeze stack std sub sub_ sum swapaxes t tanh tanh_ tile to topk transpose type_as unbind unflatten
unfold unsqueeze upsample_bicubic2d upsample_bilinear2d upsample_linear1d upsample_nearest2d var
var_mean view where zero_ zeros zeros_like
"""
# flow, and values in and out of lists
_PRIM = """
Constant GetAttr If ListConstruct ListUnpack NumToTensor RaiseException TupleConstruct TupleIndex
TupleUnpack Uninitialized device dtype is_cuda isinstance unchecked_cast
"""
OPERATORS = frozenset(
    [*(f"aten::{name}" for name in _ATEN.split()), *(f"prim::{name}" for name in _PRIM.split())]
)
# arguments that are given by name; `out`, which writes into any tensor, is none of them
_KEYWORDS = """
alpha antialias approximate correction device dtype enable_gqa indexing layout memory_format
pin_memory rounding_mode scale value
"""
KEYWORDS = frozenset(_KEYWORDS.split())
