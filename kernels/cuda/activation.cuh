// A function f of single values and its derivative.
// Blocks: any.
// Macros: ALPHA (the parameter of f, 0 if it has none), VALUE (f(x), an expression in x and alpha), FROM (x or y, what f′ is told from), DERIVATIVE
// (f′(x), an expression in that and alpha).
// Sums: none.

// between is the number from low to high that is nearest to x; NaN stays.
__device__ float between(float x, float low, float high) { return x < low ? low : x > high ? high : x; }

// softsign treats an infinite x as 1e30, so that it does not divide by infinity.
__device__ float softsign(float x)
{
    const float limited = between(x, -1e30f, 1e30f);
    return limited / (1 + fabsf(limited));
}

__device__ float sigmoid(float x) { return 1 / (1 + expf(-x)); }

__device__ float silu_derivative(float x) { return sigmoid(x) * (1 + x * sigmoid(-x)); }

// normal is the normal distribution's share below x.
__device__ float normal(float x) { return 0.5f * erfcf(-0.707106781f * x); }

__device__ float gelu_derivative(float x) { return normal(x) + x * (expf(-0.5f * (x * x)) * 0.398942280f); }

// The approximation of GELU is x·sigmoid(gelu_exponent(x)).
__device__ float gelu_exponent(float x) { return x * (1.59576912f + 0.0713548163f * (x * x)); }

__device__ float gelu_tanh_derivative(float x)
{
    const float z = gelu_exponent(x);
    return sigmoid(z) * (1 + x * sigmoid(-z) * (1.59576912f + 3 * 0.0713548163f * (x * x)));
}

// With e = e^x and n = e·(e+2), tanh(ln(1+e)) is n/(n+2). Above 20 that is 1, and higher powers would overflow.
__device__ float mish(float x)
{
    const float e = expf(fminf(x, 20)), n = e * (e + 2);
    return x * (n / (n + 2));
}

__device__ float mish_derivative(float x)
{
    const float e = expf(x), n = e * (e + 2);
    return (n + 4 * x * e * (e + 1) / (n + 2)) / (n + 2);
}

__device__ float value_of(float x, float alpha) { return VALUE; }

__device__ float derivative_from(float FROM, float alpha) { return DERIVATIVE; }

// is_from is whichever of its arguments f′ is told from.
__device__ constexpr bool is_from(bool x, bool y) { return FROM; }

// value is f(x).
__device__ float value(float x) { return value_of(x, ALPHA); }

// derivative is f′(x), told from v, which is x or f(x).
__device__ float derivative(float v) { return derivative_from(v, ALPHA); }
