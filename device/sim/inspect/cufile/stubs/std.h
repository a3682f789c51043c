// The part of C++'s library that device code uses: what is known at compile time, and small functions and types. Containers, strings, streams
// and threads are the host's.
#pragma once

namespace std {

using ::size_t;
using ::ptrdiff_t;
using ::clock_t;
using ::time_t;
using ::int8_t;
using ::int16_t;
using ::int32_t;
using ::int64_t;
using ::uint8_t;
using ::uint16_t;
using ::uint32_t;
using ::uint64_t;
using ::intptr_t;
using ::uintptr_t;
typedef decltype(nullptr) nullptr_t;
enum class byte : unsigned char {};

// type_traits
template <typename T, T V> struct integral_constant {
  static constexpr T value = V;
  typedef T value_type;
  typedef integral_constant type;
  constexpr operator T() const { return V; }
  constexpr T operator()() const { return V; }
};
template <bool B> using bool_constant = integral_constant<bool, B>;
typedef bool_constant<true> true_type;
typedef bool_constant<false> false_type;

template <bool, typename T = void> struct enable_if {};
template <typename T> struct enable_if<true, T> { typedef T type; };
template <bool B, typename T = void> using enable_if_t = typename enable_if<B, T>::type;
template <bool, typename T, typename> struct conditional { typedef T type; };
template <typename T, typename F> struct conditional<false, T, F> { typedef F type; };
template <bool B, typename T, typename F> using conditional_t = typename conditional<B, T, F>::type;
template <typename...> using void_t = void;
template <typename T> struct type_identity { typedef T type; };

template <typename, typename> struct is_same : false_type {};
template <typename T> struct is_same<T, T> : true_type {};
template <typename T, typename U> constexpr bool is_same_v = is_same<T, U>::value;

template <typename T> struct remove_const { typedef T type; };
template <typename T> struct remove_const<const T> { typedef T type; };
template <typename T> struct remove_volatile { typedef T type; };
template <typename T> struct remove_volatile<volatile T> { typedef T type; };
template <typename T> struct remove_cv { typedef typename remove_volatile<typename remove_const<T>::type>::type type; };
template <typename T> struct remove_reference { typedef T type; };
template <typename T> struct remove_reference<T&> { typedef T type; };
template <typename T> struct remove_reference<T&&> { typedef T type; };
template <typename T> struct remove_pointer { typedef T type; };
template <typename T> struct remove_pointer<T*> { typedef T type; };
template <typename T> struct remove_pointer<T* const> { typedef T type; };
template <typename T> struct remove_extent { typedef T type; };
template <typename T> struct remove_extent<T[]> { typedef T type; };
template <typename T, size_t N> struct remove_extent<T[N]> { typedef T type; };
template <typename T> struct remove_cvref : remove_cv<typename remove_reference<T>::type> {};
template <typename T> using remove_const_t = typename remove_const<T>::type;
template <typename T> using remove_volatile_t = typename remove_volatile<T>::type;
template <typename T> using remove_cv_t = typename remove_cv<T>::type;
template <typename T> using remove_reference_t = typename remove_reference<T>::type;
template <typename T> using remove_pointer_t = typename remove_pointer<T>::type;
template <typename T> using remove_extent_t = typename remove_extent<T>::type;
template <typename T> using remove_cvref_t = typename remove_cvref<T>::type;
template <typename T> struct add_const { typedef const T type; };
template <typename T> using add_const_t = const T;
template <typename T> struct add_pointer { typedef remove_reference_t<T>* type; };
template <typename T> using add_pointer_t = typename add_pointer<T>::type;
template <typename T> struct add_lvalue_reference { typedef T& type; };
template <typename T> T&& declval() noexcept;

template <typename T> struct is_const : false_type {};
template <typename T> struct is_const<const T> : true_type {};
template <typename T> struct is_volatile : false_type {};
template <typename T> struct is_volatile<volatile T> : true_type {};
template <typename T> struct is_pointer_plain : false_type {};
template <typename T> struct is_pointer_plain<T*> : true_type {};
template <typename T> struct is_pointer : is_pointer_plain<remove_cv_t<T>> {};
template <typename T> struct is_reference : false_type {};
template <typename T> struct is_reference<T&> : true_type {};
template <typename T> struct is_reference<T&&> : true_type {};
template <typename T> struct is_lvalue_reference : false_type {};
template <typename T> struct is_lvalue_reference<T&> : true_type {};
template <typename T> struct is_array : false_type {};
template <typename T> struct is_array<T[]> : true_type {};
template <typename T, size_t N> struct is_array<T[N]> : true_type {};
template <typename T> struct is_void : is_same<void, remove_cv_t<T>> {};
template <typename T, typename... List> struct is_one_of : false_type {};
template <typename T, typename U, typename... List> struct is_one_of<T, U, List...> : conditional_t<is_same<T, U>::value, true_type, is_one_of<T, List...>> {};
template <typename T> struct is_integral : is_one_of<remove_cv_t<T>, bool, char, signed char, unsigned char, short, unsigned short, int, unsigned, long,
                                                     unsigned long, long long, unsigned long long, wchar_t, char16_t, char32_t> {};
template <typename T> struct is_floating_point : is_one_of<remove_cv_t<T>, float, double, long double> {};
template <typename T> struct is_arithmetic : bool_constant<is_integral<T>::value || is_floating_point<T>::value> {};
template <typename T, bool = is_arithmetic<T>::value> struct is_signed : bool_constant<(T(-1) < T(0))> {};
template <typename T> struct is_signed<T, false> : false_type {};
template <typename T, bool = is_arithmetic<T>::value> struct is_unsigned : bool_constant<(T(0) < T(-1))> {};
template <typename T> struct is_unsigned<T, false> : false_type {};
template <typename T> struct is_enum : bool_constant<__is_enum(T)> {};
template <typename T> struct is_class : bool_constant<__is_class(T)> {};
template <typename T> struct is_empty : bool_constant<__is_empty(T)> {};
template <typename T> struct is_trivially_copyable : bool_constant<__is_trivially_copyable(T)> {};
template <typename T> struct is_trivial : bool_constant<__is_trivial(T)> {};
template <typename T> struct is_standard_layout : bool_constant<__is_standard_layout(T)> {};
template <typename B, typename D> struct is_base_of : bool_constant<__is_base_of(B, D)> {};
template <typename F, typename T> struct is_convertible : bool_constant<__is_convertible_to(F, T)> {};
template <typename T> constexpr bool is_const_v = is_const<T>::value;
template <typename T> constexpr bool is_pointer_v = is_pointer<T>::value;
template <typename T> constexpr bool is_reference_v = is_reference<T>::value;
template <typename T> constexpr bool is_void_v = is_void<T>::value;
template <typename T> constexpr bool is_integral_v = is_integral<T>::value;
template <typename T> constexpr bool is_floating_point_v = is_floating_point<T>::value;
template <typename T> constexpr bool is_arithmetic_v = is_arithmetic<T>::value;
template <typename T> constexpr bool is_signed_v = is_signed<T>::value;
template <typename T> constexpr bool is_unsigned_v = is_unsigned<T>::value;
template <typename T> constexpr bool is_enum_v = is_enum<T>::value;
template <typename T> constexpr bool is_class_v = is_class<T>::value;
template <typename T> constexpr bool is_trivially_copyable_v = is_trivially_copyable<T>::value;
template <typename B, typename D> constexpr bool is_base_of_v = is_base_of<B, D>::value;
template <typename F, typename T> constexpr bool is_convertible_v = is_convertible<F, T>::value;

template <typename... B> struct conjunction : true_type {};
template <typename B, typename... R> struct conjunction<B, R...> : conditional_t<bool(B::value), conjunction<R...>, false_type> {};
template <typename... B> struct disjunction : false_type {};
template <typename B, typename... R> struct disjunction<B, R...> : conditional_t<bool(B::value), true_type, disjunction<R...>> {};
template <typename B> struct negation : bool_constant<!bool(B::value)> {};
template <typename... B> constexpr bool conjunction_v = conjunction<B...>::value;
template <typename... B> constexpr bool disjunction_v = disjunction<B...>::value;
template <typename B> constexpr bool negation_v = negation<B>::value;

template <typename T> struct decay {
  typedef remove_reference_t<T> U;
  typedef conditional_t<is_array<U>::value, remove_extent_t<U>*, remove_cv_t<U>> type;
};
template <typename T> using decay_t = typename decay<T>::type;
template <typename T> struct underlying_type { typedef __underlying_type(T) type; };
template <typename T> using underlying_type_t = typename underlying_type<T>::type;
template <typename T> struct make_unsigned { typedef T type; };
template <typename T> struct make_signed { typedef T type; };
#define CNN_GPU_SIGNS(S, U)                               \
  template <> struct make_unsigned<S> { typedef U type; }; \
  template <> struct make_signed<U> { typedef S type; };
CNN_GPU_SIGNS(signed char, unsigned char)
CNN_GPU_SIGNS(short, unsigned short)
CNN_GPU_SIGNS(int, unsigned)
CNN_GPU_SIGNS(long, unsigned long)
CNN_GPU_SIGNS(long long, unsigned long long)
#undef CNN_GPU_SIGNS
template <> struct make_unsigned<char> { typedef unsigned char type; };
template <> struct make_signed<char> { typedef signed char type; };
template <typename T> using make_unsigned_t = typename make_unsigned<T>::type;
template <typename T> using make_signed_t = typename make_signed<T>::type;
template <typename F, typename... A> struct invoke_result { typedef decltype(declval<F>()(declval<A>()...)) type; };
template <typename F, typename... A> using invoke_result_t = typename invoke_result<F, A...>::type;
template <typename> struct result_of;
template <typename F, typename... A> struct result_of<F(A...)> : invoke_result<F, A...> {};
template <typename... T> struct common_type;
template <typename T> struct common_type<T> { typedef decay_t<T> type; };
template <typename T, typename U, typename... R> struct common_type<T, U, R...> : common_type<decay_t<decltype(true ? declval<T>() : declval<U>())>, R...> {};
template <typename... T> using common_type_t = typename common_type<T...>::type;

// limits
template <typename T> struct numeric_limits {
  static constexpr bool is_specialized = is_integral<T>::value;
  static constexpr bool is_signed = std::is_signed<T>::value;
  static constexpr bool is_integer = is_integral<T>::value;
  static constexpr bool is_exact = is_integer;
  static constexpr bool has_infinity = false;
  static constexpr bool has_quiet_NaN = false;
  static constexpr int digits = 8 * sizeof(T) - is_signed;
  static constexpr T max() { return T(make_unsigned_t<T>(make_unsigned_t<T>(~make_unsigned_t<T>(0)) >> is_signed)); }
  static constexpr T min() { return is_signed ? T(-max() - 1) : T(0); }
  static constexpr T lowest() { return min(); }
  static constexpr T epsilon() { return 0; }
};
template <typename T> struct numeric_limits<const T> : numeric_limits<T> {};
template <> struct numeric_limits<bool> {
  static constexpr bool is_specialized = true, is_signed = false, is_integer = true, has_infinity = false, has_quiet_NaN = false;
  static constexpr int digits = 1;
  static constexpr bool min() { return false; }
  static constexpr bool max() { return true; }
  static constexpr bool lowest() { return false; }
};
#define CNN_GPU_LIMITS(T, NAME, INF, QNAN)                                                                                  \
  template <> struct numeric_limits<T> {                                                                                    \
    static constexpr bool is_specialized = true, is_signed = true, is_integer = false, has_infinity = true, has_quiet_NaN = true; \
    static constexpr int digits = NAME##_MANT_DIG, digits10 = NAME##_DIG, radix = 2;                                        \
    static constexpr int max_exponent = NAME##_MAX_EXP, min_exponent = NAME##_MIN_EXP;                                      \
    static constexpr T min() { return NAME##_MIN; }                                                                         \
    static constexpr T max() { return NAME##_MAX; }                                                                         \
    static constexpr T lowest() { return -NAME##_MAX; }                                                                     \
    static constexpr T epsilon() { return NAME##_EPSILON; }                                                                 \
    static constexpr T infinity() { return INF; }                                                                           \
    static constexpr T quiet_NaN() { return QNAN; }                                                                         \
  };
CNN_GPU_LIMITS(float, FLT, __builtin_bit_cast(float, 0x7f800000), __builtin_bit_cast(float, 0x7fffffff))
CNN_GPU_LIMITS(double, DBL, __builtin_bit_cast(double, 0x7ff0000000000000), __builtin_bit_cast(double, 0x7fffffffffffffff))
#undef CNN_GPU_LIMITS

// utility
template <typename T, typename U> struct pair {
  typedef T first_type;
  typedef U second_type;
  T first;
  U second;
  constexpr pair() : first(), second() {}
  constexpr pair(const T& a, const U& b) : first(a), second(b) {}
};
template <typename T, typename U> constexpr pair<decay_t<T>, decay_t<U>> make_pair(T&& a, U&& b) { return pair<decay_t<T>, decay_t<U>>(a, b); }
template <typename T> constexpr void swap(T& a, T& b) {
  T c = a;
  a = b;
  b = c;
}
template <typename T, T... I> struct integer_sequence {
  static constexpr size_t size() { return sizeof...(I); }
};
template <size_t... I> using index_sequence = integer_sequence<size_t, I...>;
template <size_t N, size_t... I> struct make_sequence : make_sequence<N - 1, N - 1, I...> {};
template <size_t... I> struct make_sequence<0, I...> { typedef index_sequence<I...> type; };
template <size_t N> using make_index_sequence = typename make_sequence<N>::type;

// algorithm
template <typename T> constexpr const T& min(const T& a, const T& b) { return b < a ? b : a; }
template <typename T> constexpr const T& max(const T& a, const T& b) { return a < b ? b : a; }
template <typename T, typename C> constexpr const T& min(const T& a, const T& b, C less) { return less(b, a) ? b : a; }
template <typename T, typename C> constexpr const T& max(const T& a, const T& b, C less) { return less(a, b) ? b : a; }
template <typename T> constexpr const T& clamp(const T& x, const T& low, const T& high) { return x < low ? low : high < x ? high : x; }
template <typename I, typename T> constexpr void fill(I from, I to, const T& x) {
  for (; from != to; ++from) *from = x;
}
template <typename I, typename O> constexpr O copy(I from, I to, O out) {
  for (; from != to; ++from, ++out) *out = *from;
  return out;
}

// functional
template <typename T = void> struct plus { constexpr T operator()(const T& a, const T& b) const { return a + b; } };
template <typename T = void> struct minus { constexpr T operator()(const T& a, const T& b) const { return a - b; } };
template <typename T = void> struct multiplies { constexpr T operator()(const T& a, const T& b) const { return a * b; } };
template <typename T = void> struct divides { constexpr T operator()(const T& a, const T& b) const { return a / b; } };
template <typename T = void> struct less { constexpr bool operator()(const T& a, const T& b) const { return a < b; } };
template <typename T = void> struct greater { constexpr bool operator()(const T& a, const T& b) const { return b < a; } };
template <typename T = void> struct equal_to { constexpr bool operator()(const T& a, const T& b) const { return a == b; } };

// array
template <typename T, size_t N> struct array {
  typedef T value_type;
  T elements[N ? N : 1];
  constexpr T& operator[](size_t i) { return elements[i]; }
  constexpr const T& operator[](size_t i) const { return elements[i]; }
  constexpr T* data() { return elements; }
  constexpr const T* data() const { return elements; }
  constexpr T* begin() { return elements; }
  constexpr const T* begin() const { return elements; }
  constexpr T* end() { return elements + N; }
  constexpr const T* end() const { return elements + N; }
  static constexpr size_t size() { return N; }
};

// iterator
struct input_iterator_tag {};
struct output_iterator_tag {};
struct forward_iterator_tag : input_iterator_tag {};
struct bidirectional_iterator_tag : forward_iterator_tag {};
struct random_access_iterator_tag : bidirectional_iterator_tag {};
template <typename I> struct reverse_iterator {
  I base_;
  constexpr reverse_iterator(I base) : base_(base) {}
  constexpr I base() const { return base_; }
  constexpr decltype(auto) operator*() const { return base_[-1]; }
  constexpr reverse_iterator& operator++() {
    --base_;
    return *this;
  }
  constexpr bool operator==(const reverse_iterator& other) const { return base_ == other.base_; }
  constexpr bool operator!=(const reverse_iterator& other) const { return base_ != other.base_; }
};

// cmath: on the GPU the functions of float and double are overloads in the global namespace
#define CNN_GPU_MATH(NAME) using ::NAME;
CNN_GPU_MATH(abs) CNN_GPU_MATH(acos) CNN_GPU_MATH(acosh) CNN_GPU_MATH(asin) CNN_GPU_MATH(asinh) CNN_GPU_MATH(atan) CNN_GPU_MATH(atan2)
CNN_GPU_MATH(atanh) CNN_GPU_MATH(cbrt) CNN_GPU_MATH(ceil) CNN_GPU_MATH(copysign) CNN_GPU_MATH(cos) CNN_GPU_MATH(cosh) CNN_GPU_MATH(erf)
CNN_GPU_MATH(erfc) CNN_GPU_MATH(exp) CNN_GPU_MATH(exp2) CNN_GPU_MATH(expm1) CNN_GPU_MATH(fabs) CNN_GPU_MATH(fdim) CNN_GPU_MATH(floor)
CNN_GPU_MATH(fma) CNN_GPU_MATH(fmax) CNN_GPU_MATH(fmin) CNN_GPU_MATH(fmod) CNN_GPU_MATH(frexp) CNN_GPU_MATH(hypot) CNN_GPU_MATH(ilogb)
CNN_GPU_MATH(ldexp) CNN_GPU_MATH(lgamma) CNN_GPU_MATH(llrint) CNN_GPU_MATH(llround) CNN_GPU_MATH(log) CNN_GPU_MATH(log10) CNN_GPU_MATH(log1p)
CNN_GPU_MATH(log2) CNN_GPU_MATH(logb) CNN_GPU_MATH(lrint) CNN_GPU_MATH(lround) CNN_GPU_MATH(modf) CNN_GPU_MATH(nearbyint)
CNN_GPU_MATH(nextafter) CNN_GPU_MATH(pow) CNN_GPU_MATH(remainder) CNN_GPU_MATH(rint) CNN_GPU_MATH(round) CNN_GPU_MATH(scalbn)
CNN_GPU_MATH(sin) CNN_GPU_MATH(sinh) CNN_GPU_MATH(sqrt) CNN_GPU_MATH(tan) CNN_GPU_MATH(tanh) CNN_GPU_MATH(tgamma) CNN_GPU_MATH(trunc)
CNN_GPU_MATH(isnan) CNN_GPU_MATH(isinf) CNN_GPU_MATH(isfinite) CNN_GPU_MATH(signbit)
#undef CNN_GPU_MATH
template <typename T> using is_fundamental = bool_constant<is_arithmetic<T>::value || is_void<T>::value>;

} // namespace std
