// Half a layer of Qwen3 in one call, on one thread of a CPU. `cpu_fused.py` builds, loads and calls
// this file through C's ABI; it knows nothing of torch or Python and needs only the C library.
//
// Activations are float32. Weights, rotation and cache are float32 or bfloat16 and are widened as
// they are read; the cache may be INT8, each head of each token with its scale behind it. Each output
// is one sum in one order of its inputs, however many rows a step has, so a row's result does not
// depend on the rows beside it. All widths are multiples of LANES;
// the caller checks that, and the sizes of all buffers. Nothing past a sequence's end is read.
#include <cmath>
#include <cstdint>
#include <cstring>
#include <utility>
#if defined(__AVX512BF16__)
#include <immintrin.h>
#endif

#if defined(__AVX512F__)
constexpr int LANES = 16, ROWS = 6, WIDE = 4;  // 24 sums, 4 weights and a factor in 32 registers
#elif defined(__AVX2__)
constexpr int LANES = 8, ROWS = 6, WIDE = 2;   // 12, 2 and 1 in 16
#else
constexpr int LANES = 4, ROWS = 6, WIDE = 4;   // NEON
#endif

typedef float Vector __attribute__((vector_size(4 * LANES)));
typedef uint32_t Words __attribute__((vector_size(4 * LANES)));
typedef uint16_t Halves __attribute__((vector_size(2 * LANES)));
typedef float Stored __attribute__((vector_size(4 * LANES), aligned(4), may_alias));
typedef uint16_t StoredHalves __attribute__((vector_size(2 * LANES), aligned(2), may_alias));
typedef int8_t Bytes __attribute__((vector_size(LANES)));
typedef int16_t Shorts __attribute__((vector_size(2 * LANES)));
typedef int32_t Numbers __attribute__((vector_size(4 * LANES)));
typedef int8_t StoredBytes __attribute__((vector_size(LANES), aligned(1), may_alias));
typedef uint16_t bfloat16;
using HeadSizes = std::integer_sequence<int, 32, 48, 64, 96, 128, 256>;
constexpr int MAX_SIZE = 256;  // of a head
template <class C> constexpr int64_t SCALE = 0;      // elements of a scale behind a cached head
template <> constexpr int64_t SCALE<int8_t> = 4;     // a float
constexpr int AHEAD = 16;      // rows of a weight, or keys, between announcement and use
constexpr int MANY = 48;       // rows that take a weight together
constexpr int MOST_SHARED = 512;     // rows of a weight that is brought into form for many rows
constexpr int MOST_ROUNDED = 32768;  // inputs that are rounded at once; a row may have no more

template <class W> struct Attention {
    const W *norm, *qkv, *head_norm, *out;  // [H], [H, (Q + 2 G) S], [Q + G, S], [Q S, H]
    int64_t hidden, heads, shared, size;    // H, Q, G key-value heads, S
    float epsilon;
};
template <class W> struct Mlp {
    const W *norm, *router, *gate_up, *down;           // [H], [E, H] or null, [E, H, 2 D], [E, D, H]
    int64_t *tally;                                    // [E]: rows of each expert, added to
    int64_t hidden, experts, chosen, width, renormalise;  // H, E, k, D
    float epsilon;
};
struct Step {
    int64_t rows, block_tokens, table_width;
    // [T] each; a row with the sequence -1 attends elsewhere. table: [B, table_width] blocks.
    const int32_t *positions, *slots, *sequences, *table;
    float *scratch, *queries, *attended;  // [T, Q S] each but the scratch
};

static inline Vector load(const float *at) { return *(const Stored *)at; }
static inline Vector load(const bfloat16 *at) {
    return (Vector)(__builtin_convertvector(*(const StoredHalves *)at, Words) << 16);
}
static inline Vector load(const int8_t *at) {
    // By way of 16 bits: GCC widens a vector to twice its bytes in one instruction, to four times
    // number by number.
    const Shorts wider = __builtin_convertvector(*(const StoredBytes *)at, Shorts);
    return __builtin_convertvector(__builtin_convertvector(wider, Numbers), Vector);
}
static inline float widen(float x) { return x; }
static inline float widen(bfloat16 x) {
    const uint32_t bits = uint32_t(x) << 16;
    float wide;
    memcpy(&wide, &bits, sizeof wide);
    return wide;
}
static inline void store(float *at, Vector x) { *(Stored *)at = x; }
static inline void store(bfloat16 *at, Vector x) {  // to the nearest, ties to even, as torch does
    Words bits = (Words)x;
    bits = bits + 0x7fff + ((bits >> 16) & 1);
    *(StoredHalves *)at = __builtin_convertvector(bits >> 16, Halves);
}
static inline Vector fill(float x) { return x - Vector{}; }
template <int... L> static constexpr Vector count_lanes(std::integer_sequence<int, L...>) {
    return Vector{L...};
}
static const Vector NUMBERS = count_lanes(std::make_integer_sequence<int, LANES>{});

template <int HALF, int... L>
static inline Vector fold(Vector a, Vector b, std::integer_sequence<int, L...>) {
    return __builtin_shufflevector(a, b, ((L & HALF) ? L + LANES : L)...) +
           __builtin_shufflevector(a, b, ((L & HALF) ? (L ^ HALF) + LANES : L ^ HALF)...);
}
template <int HALF> static inline void fold_all(Vector *sums) {
    for (int i = 0; i < HALF; i++)
        sums[i] = fold<HALF>(sums[i], sums[i + HALF], std::make_integer_sequence<int, LANES>{});
    if constexpr (HALF > 1) fold_all<HALF / 2>(sums);
}
// Lane i of the result is the sum over all lanes of sums[i], which are overwritten.
static inline Vector across(Vector *sums) {
    fold_all<LANES / 2>(sums);
    return sums[0];
}
static inline float total(Vector x) {
    Vector sums[LANES] = {x};
    return across(sums)[0];
}

// e^x within 2 units in the last place; 0 below -87.
static inline Vector exponential(Vector x) {
    const Vector low = fill(-87.3f), high = fill(88.3f), big = fill(12582912.f);
    Vector inside = x < low ? low : x;
    inside = inside > high ? high : inside;
    const Vector shifted = inside * 1.44269504f + big, whole = shifted - big;
    const Vector rest = inside - whole * 0.693359375f - whole * -2.12194440e-4f;
    Vector sum = rest * 1.9875691500e-4f + 1.3981999507e-3f;
    sum = sum * rest + 8.3334519073e-3f;
    sum = sum * rest + 4.1665795894e-2f;
    sum = sum * rest + 1.6666665459e-1f;
    sum = sum * rest + 5.0000001201e-1f;
    sum = sum * rest * rest + rest + 1.f;
    const Vector power = (Vector)(((Words)shifted - 0x4B400000u + 127u) << 23);
    return x < low ? Vector{} : sum * power;
}

template <class W>
static void rms_norm(const float *x, const W *weight, int64_t size, float epsilon, float *out) {
    Vector squares{};
    for (int64_t i = 0; i < size; i += LANES) squares += load(x + i) * load(x + i);
    const Vector scale = fill(1.f / std::sqrt(total(squares) / size + epsilon));
    for (int64_t i = 0; i < size; i += LANES) store(out + i, load(x + i) * scale * load(weight + i));
}

// Announce V vectors that are read soon.
template <class W, int V> static inline void announce(const W *at) {
    for (int v = 0; v < V; v++)
        if (v * LANES * sizeof(W) % 64 == 0) __builtin_prefetch(at + v * LANES);
}

// How a product reads its weight: STEP rows of it at once, as V vectors of columns, beside an Input.
template <class W> struct Singly {
    typedef W Weight;
    typedef float Input;
    typedef Singly<float> Panel;
    static constexpr int STEP = 1;
    static constexpr bool HAS_PANEL = sizeof(W) != sizeof(float);
    static Vector columns(const W *at, int64_t) { return load(at); }
    static Vector add(Vector sum, Vector columns, float x) { return sum + fill(x) * columns; }
    static Vector add_along(Vector sum, const float *x, const W *weight, int64_t) {
        return sum + load(x) * load(weight);
    }
};
#if defined(__AVX512BF16__)
// Pairs of bfloat16 that the CPU multiplies and adds in one instruction; x is rounded to bfloat16.
struct Paired {
    typedef uint32_t Weight;
    typedef uint32_t Input;
    typedef Paired Panel;
    static constexpr int STEP = 1;
    static constexpr bool HAS_PANEL = false;
    static Vector columns(const uint32_t *at, int64_t) { return load((const float *)at); }
    static Vector add(Vector sum, Vector columns, uint32_t x) {
        return (Vector)_mm512_dpbf16_ps((__m512)sum, (__m512bh)columns, (__m512bh)(Words{} + x));
    }
};
struct Pairing : Paired {
    typedef bfloat16 Weight;
    static constexpr int STEP = 2;
    static constexpr bool HAS_PANEL = true;
    static Vector columns(const bfloat16 *at, int64_t stride) {
        const Words even = __builtin_convertvector(*(const StoredHalves *)at, Words);
        const Words odd = __builtin_convertvector(*(const StoredHalves *)(at + stride), Words);
        return (Vector)(even | odd << 16);
    }
    static Vector add_along(Vector sum, const bfloat16 *x, const bfloat16 *weight, int64_t left) {
        const __mmask32 there = left < 2 * LANES ? 0xffff : 0xffffffff;
        return (Vector)_mm512_dpbf16_ps((__m512)sum, (__m512bh)_mm512_maskz_loadu_epi16(there, x),
                                        (__m512bh)_mm512_maskz_loadu_epi16(there, weight));
    }
};
#endif

// COUNT rows of x times V vectors of columns of a weight [K, stride] -> out, or out += scale * it.
template <class P, int COUNT, int V>
static inline void tile(const typename P::Input *const *x, const typename P::Weight *from,
                        int64_t inputs, int64_t stride, float *const *out, int64_t column,
                        const float *scale) {
    Vector sums[COUNT][V] = {};
    for (int64_t k = 0; k < inputs; k += P::STEP, from += P::STEP * stride) {
        // The lines of a column lie apart, which the CPU does not foresee; next are the columns
        // beside them. An address past the weight is never read, only announced.
        for (int step = 0; step < P::STEP; step++)
            announce<typename P::Weight, V>(
                from + (k + AHEAD < inputs ? AHEAD + step : AHEAD + step - inputs) * stride +
                (k + AHEAD < inputs ? 0 : V * LANES));
        Vector columns[V];
        for (int v = 0; v < V; v++) columns[v] = P::columns(from + v * LANES, stride);
        for (int row = 0; row < COUNT; row++)
            for (int v = 0; v < V; v++)
                sums[row][v] = P::add(sums[row][v], columns[v], x[row][k / P::STEP]);
    }
    for (int row = 0; row < COUNT; row++)
        for (int v = 0; v < V; v++) {
            float *at = out[row] + column + v * LANES;
            store(at, scale ? load(at) + scale[row] * sums[row][v] : sums[row][v]);
        }
}
template <class P, int V>
static void tiles(const typename P::Input *const *x, int64_t rows, const typename P::Weight *from,
                  int64_t inputs, int64_t stride, float *const *out, int64_t column,
                  const float *scale) {
    for (int64_t t = 0; t < rows; t += ROWS) {
        const float *part = scale ? scale + t : nullptr;
        switch (rows - t) {
            case 1: tile<P, 1, V>(x + t, from, inputs, stride, out + t, column, part); break;
            case 2: tile<P, 2, V>(x + t, from, inputs, stride, out + t, column, part); break;
            case 3: tile<P, 3, V>(x + t, from, inputs, stride, out + t, column, part); break;
            case 4: tile<P, 4, V>(x + t, from, inputs, stride, out + t, column, part); break;
            case 5: tile<P, 5, V>(x + t, from, inputs, stride, out + t, column, part); break;
            default: tile<P, ROWS, V>(x + t, from, inputs, stride, out + t, column, part);
        }
    }
}
// WIDE vectors of columns for many rows, which are brought into the form of the sums once for all.
template <class P>
static void share(const typename P::Input *const *x, int64_t rows, const typename P::Weight *from,
                  int64_t inputs, int64_t stride, float *const *out, int64_t column,
                  const float *scale) {
    typedef typename P::Panel Panel;
    alignas(64) float panel[MOST_SHARED / P::STEP * WIDE * LANES];
    float *to = panel;
    for (int64_t k = 0; k < inputs; k += P::STEP, from += P::STEP * stride)
        for (int v = 0; v < WIDE; v++, to += LANES) store(to, P::columns(from + v * LANES, stride));
    tiles<Panel, WIDE>(x, rows, (const typename Panel::Weight *)panel, inputs / P::STEP, WIDE * LANES,
                       out, column, scale);
}
// All rows take a part of the weight before the next part, so that it comes from memory once.
template <class P>
static void products(const typename P::Input *const *x, int64_t rows,
                     const typename P::Weight *weight, int64_t inputs, int64_t outputs,
                     float *const *out, const float *scale) {
    int64_t column = 0;
    if (rows == 1)  // one row has registers for more columns
        for (; column + 8 * LANES <= outputs; column += 8 * LANES)
            tile<P, 1, 8>(x, weight + column, inputs, outputs, out, column, scale);
    const bool is_shared = P::HAS_PANEL && rows > 2 * ROWS && inputs <= MOST_SHARED;
    for (; column + WIDE * LANES <= outputs; column += WIDE * LANES)
        if (is_shared) share<P>(x, rows, weight + column, inputs, outputs, out, column, scale);
        else tiles<P, WIDE>(x, rows, weight + column, inputs, outputs, out, column, scale);
    for (; column < outputs; column += LANES)
        tiles<P, 1>(x, rows, weight + column, inputs, outputs, out, column, scale);
}
// Rows x[t] [K] times a weight [K, M] -> out[t] [M]; out[t] += scale[t] * it with a scale.
template <class W>
static void multiply(const float *const *x, int64_t rows, const W *weight, int64_t inputs,
                     int64_t outputs, float *const *out, const float *scale) {
    products<Singly<W>>(x, rows, weight, inputs, outputs, out, scale);
}
#if defined(__AVX512BF16__)
template <>
void multiply(const float *const *x, int64_t rows, const bfloat16 *weight, int64_t inputs,
              int64_t outputs, float *const *out, const float *scale) {
    alignas(64) bfloat16 rounded[MOST_ROUNDED];
    const uint32_t *from[MANY];
    const int64_t together = MOST_ROUNDED / inputs;
    for (int64_t t = 0; t < rows; t += together) {
        const int64_t count = rows - t < together ? rows - t : together;
        for (int64_t i = 0; i < count; i++) {
            from[i] = (const uint32_t *)(rounded + i * inputs);
            for (int64_t k = 0; k < inputs; k += LANES)
                store(rounded + i * inputs + k, load(x[t + i] + k));
        }
        products<Pairing>(from, count, weight, inputs, outputs, out + t, scale ? scale + t : nullptr);
    }
}
#endif

// LANES products at once: TOGETHER rows of x [K] with LANES / TOGETHER rows of a weight [M, K].
template <class P, class X, class W, int TOGETHER>
static void dots(const X *x, int64_t rows, const W *weight, int64_t inputs, int64_t outputs,
                 float *out) {
    constexpr int EACH = LANES / TOGETHER;
    for (int64_t m = 0; m < outputs; m += EACH)
        for (int64_t t = 0; t < rows; t += TOGETHER) {
            const X *left[TOGETHER];
            const W *right[EACH];
            for (int i = 0; i < TOGETHER; i++)
                left[i] = x + (t + i < rows ? t + i : rows - 1) * inputs;
            for (int i = 0; i < EACH; i++)
                right[i] = weight + (m + i < outputs ? m + i : outputs - 1) * inputs;
            Vector sums[LANES] = {};
            for (int64_t k = 0; k < inputs; k += P::STEP * LANES)
                for (int i = 0; i < EACH; i++)
                    for (int j = 0; j < TOGETHER; j++)
                        sums[j * EACH + i] =
                            P::add_along(sums[j * EACH + i], left[j] + k, right[i] + k, inputs - k);
            const Vector found = across(sums);
            for (int j = 0; j < TOGETHER && t + j < rows; j++)
                for (int i = 0; i < EACH && m + i < outputs; i++)
                    out[(t + j) * outputs + m + i] = found[j * EACH + i];
        }
}
template <class P, class X, class W>
static void multiply_rows(const X *x, int64_t rows, const W *weight, int64_t inputs,
                          int64_t outputs, float *out) {
    if (rows == 1) dots<P, X, W, 1>(x, rows, weight, inputs, outputs, out);
    else dots<P, X, W, LANES / 4>(x, rows, weight, inputs, outputs, out);
}
// Rows x [T, K], which may be overwritten, times each row of a weight [M, K] -> out [T, M].
template <class W>
static void multiply_all(float *x, int64_t rows, const W *weight, int64_t inputs, int64_t outputs,
                         float *out) {
    multiply_rows<Singly<W>>(x, rows, weight, inputs, outputs, out);
}
#if defined(__AVX512BF16__)
template <>
void multiply_all(float *x, int64_t rows, const bfloat16 *weight, int64_t inputs, int64_t outputs,
                  float *out) {
    bfloat16 *rounded = (bfloat16 *)x;
    for (int64_t k = 0; k < rows * inputs; k += LANES) store(rounded + k, load(x + k));
    multiply_rows<Pairing>(rounded, rows, weight, inputs, outputs, out);
}
#endif

// Normalise a head and rotate it (halves convention).
template <class W>
static void turn(const float *head, const W *weight, const W *cos, const W *sin, int64_t size,
                 float epsilon, float *out) {
    float normed[MAX_SIZE];
    rms_norm(head, weight, size, epsilon, normed);
    const int64_t half = size / 2;
    for (int64_t i = 0; i < half; i++) {
        const float first = normed[i], second = normed[i + half];
        out[i] = first * widen(cos[i]) - second * widen(sin[i]);
        out[i + half] = second * widen(cos[i + half]) + first * widen(sin[i + half]);
    }
}

// Write a head to the cache, in INT8 by its largest number (to nearest, ties to even).
template <class C> static inline void keep(C *to, const float *head, int64_t size) {
    for (int64_t d = 0; d < size; d += LANES) store(to + d, load(head + d));
}
static inline void keep(int8_t *to, const float *head, int64_t size) {
    Vector largest = fill(1.17549435e-38f);
    for (int64_t d = 0; d < size; d += LANES) {
        const Vector x = load(head + d), positive = x < Vector{} ? -x : x;
        largest = positive > largest ? positive : largest;
    }
    float most = largest[0];
    for (int i = 1; i < LANES; i++) most = largest[i] > most ? largest[i] : most;
    const float scale = most / 127;
    memcpy(to + size, &scale, sizeof scale);
    for (int64_t d = 0; d < size; d += LANES) {
        const Words rounded = (Words)(load(head + d) / fill(scale) + 12582912.f) - 0x4B400000u;
        const Shorts narrow = __builtin_convertvector((Numbers)rounded, Shorts);
        *(StoredBytes *)(to + d) = __builtin_convertvector(narrow, Bytes);
    }
}
template <class C> static inline float scale_of(const C *head, int64_t size) {
    float scale = 1;
    if constexpr (SCALE<C>) memcpy(&scale, head + size, sizeof scale);
    return scale;
}

// Norm, queries, keys and values of all rows; keys and values go to the cache.
template <class W, class C>
static void project(const Attention<W> &part, const Step &step, const float *x, const W *cos,
                    const W *sin, C *keys, C *values) {
    const int64_t cached = part.size + SCALE<C>;  // elements of a head in the cache
    const int64_t all = part.heads + 2 * part.shared, size = part.size, width = all * size;
    float *normed = step.scratch, *joined = normed + MANY * part.hidden;
    for (int64_t t = 0; t < step.rows; t += MANY) {
        const int64_t count = step.rows - t < MANY ? step.rows - t : MANY;
        const float *from[MANY];
        float *to[MANY];
        for (int64_t i = 0; i < count; i++) {
            rms_norm(x + (t + i) * part.hidden, part.norm, part.hidden, part.epsilon,
                     normed + i * part.hidden);
            from[i] = normed + i * part.hidden, to[i] = joined + i * width;
        }
        multiply(from, count, part.qkv, part.hidden, width, to, nullptr);
        for (int64_t i = 0; i < count; i++) {
            const int64_t row = t + i;
            for (int64_t head = 0; head < part.heads + part.shared; head++) {
                float turned[MAX_SIZE];
                const bool is_query = head < part.heads;
                float *at = is_query ? step.queries + (row * part.heads + head) * size : turned;
                turn(to[i] + head * size, part.head_norm + head * size, cos + row * size,
                     sin + row * size, size, part.epsilon, at);
                const int64_t place = step.slots[row] * part.shared + head - part.heads;
                if (!is_query) keep(keys + place * cached, at, size);
            }
            const float *value = to[i] + (part.heads + part.shared) * size;
            C *place = values + step.slots[row] * part.shared * cached;
            for (int64_t head = 0; head < part.shared; head++)
                keep(place + head * cached, value + head * size, size);
        }
    }
}

// TOGETHER heads of V vectors share keys and values. A vector of scores has EACH keys of the first
// head, then of the next.
template <int TOGETHER> constexpr int EACH = LANES / TOGETHER;

// Scores of the keys of one row, as weights whose sum by lane is returned.
template <class C, int V, int TOGETHER>
static Vector score_keys(const C *keys, const C *values, const float *queries, int64_t count,
                         const int64_t *places, float *scores) {
    constexpr int STEP = EACH<TOGETHER>, SIZE = V * LANES;
    const float scale = 1.f / std::sqrt((float)SIZE);
    Vector query[TOGETHER][V], highest = fill(-INFINITY), most, sum{};
    for (int head = 0; head < TOGETHER; head++)
        for (int v = 0; v < V; v++)
            query[head][v] = load(queries + head * SIZE + v * LANES) * fill(scale);
    const auto multiply_key = [&](int64_t place, Vector *sums) {
        const C *key = keys + place;
        for (int v = 0; v < V; v++) {
            const Vector part = load(key + v * LANES);
            for (int head = 0; head < TOGETHER; head++) {
                const Vector product = query[head][v] * part;
                sums[head * STEP] = v ? sums[head * STEP] + product : product;
            }
        }
        for (int head = 0; SCALE<C> && head < TOGETHER; head++)
            sums[head * STEP] *= fill(scale_of(key, SIZE));
    };
    const auto keep_scores = [&](int64_t j, Vector found) {
        highest = found > highest ? found : highest;
        store(scores + j * TOGETHER, found);
    };
    int64_t j = 0;
    for (; j + STEP <= count; j += STEP) {
        Vector sums[LANES];
#pragma GCC unroll 16
        for (int i = 0; i < STEP; i++) {
            multiply_key(places[j + i], sums + i);
            // Blocks lie anywhere, which the CPU does not foresee; values are read after all keys.
            announce<C, V>(keys + places[j + i + AHEAD < count ? j + i + AHEAD : count - 1]);
            announce<C, V>(values + places[j + i]);
        }
        keep_scores(j, across(sums));
    }
    if (j < count) {
        Vector sums[LANES] = {};
        for (int i = 0; j + i < count; i++) multiply_key(places[j + i], sums + i);
        const Words numbers = __builtin_convertvector(NUMBERS, Words) % STEP;
        keep_scores(j, numbers < (uint32_t)(count - j) ? across(sums) : fill(-INFINITY));
    }
    for (int head = 0; head < TOGETHER; head++) {
        float found = highest[head * STEP];
        for (int i = head * STEP; i < (head + 1) * STEP; i++)
            found = highest[i] > found ? highest[i] : found;
        for (int i = head * STEP; i < (head + 1) * STEP; i++) most[i] = found;
    }
    for (j = 0; j < count; j += STEP) {
        const Vector weight = exponential(load(scores + j * TOGETHER) - most);
        sum += weight;
        store(scores + j * TOGETHER, weight);
    }
    return sum;
}
// Values by the weights of their keys, over the sum of all weights.
template <class C, int V, int TOGETHER>
static void weigh_values(const C *values, int64_t count, const int64_t *places, const float *scores,
                         Vector sum, float *attended) {
    constexpr int STEP = EACH<TOGETHER>, CHAINS = V * TOGETHER <= 8 ? 2 : 1, SIZE = V * LANES;
    Vector chains[CHAINS][TOGETHER][V] = {};
    const auto add_value = [&](int64_t j, int i, Vector (*chain)[V]) {
        const C *value = values + places[j + i];
        const float scale = scale_of(value, SIZE), *score = scores + j * TOGETHER + i;
        for (int v = 0; v < V; v++) {
            const Vector part = load(value + v * LANES);
            for (int head = 0; head < TOGETHER; head++)
                chain[head][v] += fill(score[head * STEP] * scale) * part;
        }
    };
    int64_t j = 0;
    for (; j + STEP <= count; j += STEP)
#pragma GCC unroll 16
        for (int i = 0; i < STEP; i++) add_value(j, i, chains[i % CHAINS]);
    for (int i = 0; j + i < count; i++) add_value(j, i, chains[0]);
    for (int head = 0; head < TOGETHER; head++) {
        float all = 0;
        for (int i = 0; i < STEP; i++) all += sum[head * STEP + i];
        for (int v = 0; v < V; v++) {
            Vector found = chains[0][head][v];
            if (CHAINS > 1) found += chains[CHAINS - 1][head][v];
            store(attended + head * SIZE + v * LANES, found * fill(1.f / all));
        }
    }
}
// Attend from one row to its sequence's keys up to its own position, in pairs of heads if it can be.
template <class W, class C, int V>
static void attend_row(const Attention<W> &part, const Step &step, int64_t row, const C *keys,
                       const C *values) {
    constexpr int SIZE = V * LANES, CACHED = SIZE + SCALE<C>;  // elements of a head, and cached
    const int64_t count = step.positions[row] + 1, stride = part.shared * CACHED;
    const int64_t padded = (count + LANES - 1) / LANES * LANES, group = part.heads / part.shared;
    const int32_t *blocks = step.table + step.sequences[row] * step.table_width;
    int64_t *places = (int64_t *)step.scratch;  // of each key in the cache
    float *scores = (float *)(places + padded);
    for (int64_t j = 0; j < count; blocks++)
        for (int64_t i = 0; i < step.block_tokens && j < count; i++, j++)
            places[j] = (*blocks * step.block_tokens + i) * stride;
    const auto attend = [&](auto together, int64_t head) {
        constexpr int TOGETHER = decltype(together)::value;
        const int64_t from = head / group * CACHED, at = (row * part.heads + head) * SIZE;
        const Vector sum = score_keys<C, V, TOGETHER>(keys + from, values + from, step.queries + at,
                                                      count, places, scores);
        weigh_values<C, V, TOGETHER>(values + from, count, places, scores, sum, step.attended + at);
    };
    const int64_t together = group % 2 ? 1 : 2;
    for (int64_t head = 0; head < part.heads; head += together)
        if (together == 2) attend(std::integral_constant<int, 2>{}, head);
        else attend(std::integral_constant<int, 1>{}, head);
}
template <class W, class C, int... SIZES>
static void attend_rows(const Attention<W> &part, const Step &step, const C *keys, const C *values,
                        std::integer_sequence<int, SIZES...>) {
    const auto attend = [&](auto vectors, int size) {
        for (int64_t row = 0; part.size == size && row < step.rows; row++)
            if (step.sequences[row] >= 0)
                attend_row<W, C, decltype(vectors)::value>(part, step, row, keys, values);
    };
    (attend(std::integral_constant<int, SIZES / LANES>{}, SIZES), ...);
}

// x += attended * out
template <class W> static void finish(const Attention<W> &part, const Step &step, float *x) {
    const int64_t width = part.heads * part.size;
    for (int64_t t = 0; t < step.rows; t += MANY) {
        const int64_t count = step.rows - t < MANY ? step.rows - t : MANY;
        const float *from[MANY];
        float *to[MANY], ones[MANY];
        for (int64_t i = 0; i < count; i++) {
            from[i] = step.attended + (t + i) * width, to[i] = x + (t + i) * part.hidden;
            ones[i] = 1;
        }
        multiply(from, count, part.out, width, part.hidden, to, ones);
    }
}

// The k largest logits of a row, lowest index first among equals, and their softmax.
static void choose(const float *logits, int64_t experts, int64_t count, bool is_renormalised,
                   int32_t *chosen, float *weights) {
    float sum = 0;
    for (int64_t i = 0; i < count; i++) {
        int64_t best = -1;
        for (int64_t e = 0; e < experts; e++) {
            bool is_taken = false;
            for (int64_t j = 0; j < i; j++) is_taken |= chosen[j] == e;
            if (!is_taken && (best < 0 || logits[e] > logits[best])) best = e;
        }
        chosen[i] = best;
        weights[i] = std::exp(logits[best] - logits[chosen[0]]);
        sum += weights[i];
    }
    if (!is_renormalised) {
        sum = 0;
        for (int64_t e = 0; e < experts; e++) sum += std::exp(logits[e] - logits[chosen[0]]);
    }
    for (int64_t i = 0; i < count; i++) weights[i] /= sum;
}

// x += mlp(norm(x)). A dense MLP is one expert that each row chooses with the weight 1.
template <class W> static void mix(const Mlp<W> &part, int64_t rows, float *x, float *scratch) {
    const int64_t hidden = part.hidden, width = part.width, pairs = rows * part.chosen;
    float *normed = scratch, *inner = normed + rows * hidden, *logits = inner + MANY * 2 * width;
    float *weights = logits + rows * part.experts;
    int32_t *chosen = (int32_t *)(weights + pairs);
    for (int64_t t = 0; t < rows; t++)
        rms_norm(x + t * hidden, part.norm, hidden, part.epsilon, normed + t * hidden);
    if (part.router) multiply_rows<Singly<W>>(normed, rows, part.router, hidden, part.experts, logits);
    for (int64_t t = 0; t < rows; t++) {
        if (!part.router) chosen[t] = 0, weights[t] = 1;
        else choose(logits + t * part.experts, part.experts, part.chosen, part.renormalise,
                    chosen + t * part.chosen, weights + t * part.chosen);
    }
    for (int64_t expert = 0; expert < part.experts; expert++) {
        const W *gate_up = part.gate_up + expert * hidden * 2 * width;
        const W *down = part.down + expert * width * hidden;
        const float *from[MANY];
        float *between[MANY], *to[MANY], scale[MANY];
        int64_t count = 0;
        for (int64_t pair = 0; pair < pairs; pair++) {
            if (chosen[pair] == expert) {
                const int64_t row = pair / part.chosen;
                from[count] = normed + row * hidden, to[count] = x + row * hidden;
                between[count] = inner + count * 2 * width, scale[count++] = weights[pair];
            }
            if (!count || (count < MANY && pair < pairs - 1)) continue;
            multiply(from, count, gate_up, hidden, 2 * width, between, nullptr);
            for (int64_t i = 0; i < count; i++)
                for (int64_t d = 0; d < width; d += LANES) {
                    const Vector gate = load(between[i] + d), up = load(between[i] + width + d);
                    store(between[i] + d, gate / (exponential(-gate) + 1.f) * up);
                }
            multiply(between, count, down, width, hidden, to, scale);
            part.tally[expert] += count, count = 0;
        }
    }
}

// Natural logarithm of positive numbers that are not subnormal.
static inline Vector logarithm(Vector x) {
    const Words bits = (Words)x;
    Vector power = __builtin_convertvector((bits >> 23), Vector) - 126.f;
    Vector part = (Vector)((bits & 0x7fffffu) | 0x3f000000u);  // 0.5 to 1
    const auto is_low = part < fill(0.707106781f);
    power = is_low ? power - 1.f : power;
    part = (is_low ? part + part : part) - 1.f;
    const Vector square = part * part;
    Vector sum = part * 7.0376836292e-2f - 1.1514610310e-1f;
    sum = sum * part + 1.1676998740e-1f;
    sum = sum * part - 1.2420140846e-1f;
    sum = sum * part + 1.4249322787e-1f;
    sum = sum * part - 1.6668057665e-1f;
    sum = sum * part + 2.0000714765e-1f;
    sum = sum * part - 2.4999993993e-1f;
    sum = sum * part + 3.3333331174e-1f;
    return part + sum * part * square - square * 0.5f + power * 0.693147181f;
}

// The noise of `models/engine/noise.py` for LANES words from `first` on.
static inline Vector noise(uint32_t first, const int32_t *key) {
    Words bits = __builtin_convertvector(NUMBERS, Words) + first;
    bits = bits * 0x9E3779B9u + (uint32_t)key[0];
    for (int i = 0; i < 2; i++) {
        bits = (bits ^ (bits >> 16)) * 0x85EBCA6Bu;
        bits = (bits ^ (bits >> 13)) * 0xC2B2AE35u;
        bits ^= bits >> 16;
        if (!i) bits ^= (uint32_t)key[1];
    }
    return -logarithm((__builtin_convertvector(bits >> 8, Vector) + 0.5f) * 0x1p-24f);
}

// Sum (or count) of the chances above a limit.
static float above(const float *chances, int64_t words, float limit, bool is_count) {
    const auto part = [&](int64_t i) {
        const Vector chance = load(chances + i);
        return chance > fill(limit) ? (is_count ? fill(1) : chance) : Vector{};
    };
    Vector a{}, b{}, c{}, d{};  // one sum would wait for itself
    int64_t i = 0;
    for (; i + 4 * LANES <= words; i += 4 * LANES) {
        a += part(i), b += part(i + LANES);
        c += part(i + 2 * LANES), d += part(i + 3 * LANES);
    }
    for (; i < words; i += LANES) a += part(i);
    return total(a + b + (c + d));
}
// The least chance above which there is less than `most`. Chances are 0 to 1, ordered as their bits.
static float least(const float *chances, int64_t words, float most, bool is_count) {
    uint32_t low = 0, high = 0x3f800000;
    while (low < high) {
        const uint32_t middle = (low + high) / 2;
        float limit;
        memcpy(&limit, &middle, 4);
        if (above(chances, words, limit, is_count) < most) high = middle;
        else low = middle + 1;
    }
    float found;
    memcpy(&found, &low, 4);
    return found;
}

// The word with the best score, the lowest among equals: lane i has word rounds[i] * LANES + i.
static int64_t leader(Vector best, Vector rounds) {
    int64_t lane = 0, found = (int64_t)rounds[0] * LANES;
    for (int i = 1; i < LANES; i++) {
        const int64_t word = (int64_t)rounds[i] * LANES + i;
        if (best[i] > best[lane] || (best[i] == best[lane] && word < found)) lane = i, found = word;
    }
    return found;
}
static int64_t likeliest(const float *logits, int64_t words) {
    Vector best = fill(-INFINITY), rounds{};
    for (int64_t i = 0; i < words; i += LANES) {
        Vector found;
        if (i + LANES <= words) found = load(logits + i);
        else for (int lane = 0; lane < LANES; lane++)
            found[lane] = i + lane < words ? logits[i + lane] : -INFINITY;
        const auto is_better = found > best;
        best = is_better ? found : best;
        rounds = is_better ? fill(i / LANES) : rounds;
    }
    return leader(best, rounds);
}

// Draw a word of a row among the k likeliest (0: all), of these among the smallest set with the
// share p: the largest chance over noise. Words that are equally likely are kept or left together.
// At a temperature of 0 it is the likeliest word.
static int64_t draw_row(const float *logits, int64_t words, float temperature, int64_t k, float p,
                        const int32_t *key, float *chances) {
    const int64_t padded = (words + LANES - 1) / LANES * LANES, first = likeliest(logits, words);
    if (temperature <= 0) return first;
    for (int64_t i = 0; i < padded; i++) chances[i] = i < words ? logits[i] : -INFINITY;
    for (int64_t i = 0; i < padded; i += LANES)
        store(chances + i,
              exponential((load(chances + i) - fill(logits[first])) * fill(1 / temperature)));
    float limit = k > 0 && k < words ? least(chances, padded, k, true) : 0;
    if (p < 1) {
        for (int64_t i = 0; limit > 0 && i < padded; i++)
            if (chances[i] < limit) chances[i] = 0;
        limit = least(chances, padded, p * above(chances, padded, 0, false), false);
    }
    Vector best = fill(-1), rounds{};
    for (int64_t i = 0; i < padded; i += LANES) {
        const Vector chance = load(chances + i), score = chance / noise(i, key);
        const auto is_better = (chance >= fill(limit)) & (chance > Vector{}) & (score > best);
        best = is_better ? score : best;
        rounds = is_better ? fill(i / LANES) : rounds;
    }
    return leader(best, rounds);
}

#define EXPORT extern "C" __attribute__((visibility("default")))
#define ATTEND(NAME, W, C)                                                                        \
    EXPORT void NAME(const Attention<W> *part, const Step *step, float *x, const W *cos,          \
                     const W *sin, C *keys, C *values, int64_t stages) {                          \
        if (stages & 1) project(*part, *step, x, cos, sin, keys, values);                         \
        if (stages & 2) attend_rows(*part, *step, keys, values, HeadSizes{});                     \
        if (stages & 4) finish(*part, *step, x);                                                  \
    }
#define COLUMN(W)                                                                                 \
    ATTEND(attend_##W, W, W)                                                                      \
    ATTEND(attend_##W##_int8, W, int8_t)                                                          \
    EXPORT void mix_##W(const Mlp<W> *part, int64_t rows, float *x, float *scratch) {             \
        mix(*part, rows, x, scratch);                                                             \
    }                                                                                             \
    EXPORT void head_##W(const W *norm, const W *weight, const float *x, const int32_t *wanted,   \
                         int64_t rows, int64_t hidden, int64_t words, float epsilon,              \
                         float *scratch, float *logits) {                                         \
        for (int64_t i = 0; i < rows; i++)                                                        \
            rms_norm(x + wanted[i] * hidden, norm, hidden, epsilon, scratch + i * hidden);        \
        multiply_all(scratch, rows, weight, hidden, words, logits);                              \
    }
// Stages of attend: 1 project and store, 2 attend within C, 4 add what attended.
COLUMN(float)
COLUMN(bfloat16)
EXPORT void draw(const float *logits, int64_t rows, int64_t words, const float *temperatures,
                 const int32_t *top_k, const float *top_p, const int32_t *keys, float *scratch,
                 int64_t *tokens) {
    for (int64_t i = 0; i < rows; i++)
        tokens[i] = draw_row(logits + i * words, words, temperatures[i], top_k[i], top_p[i],
                             keys + 2 * i, scratch);
}
EXPORT int lanes() { return LANES; }
