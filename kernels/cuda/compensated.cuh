// Kahan's compensated sum ("Further remarks on reducing truncation errors", CACM 1965): what rounding took from the sum is owed to the next term.
__device__ void add_compensated(float* sum, float* owed, float term)
{
    term -= *owed;
    const float next = *sum + term;
    *owed = (next - *sum) - term;
    *sum = next;
}
