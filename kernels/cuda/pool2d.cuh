// What a pool makes of its window.
enum Kind { MAX, MIN, AVERAGE, SUM };
