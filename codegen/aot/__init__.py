"""The ahead-of-time compiler: plans a graph as kernel calls over one arena and prints them as C."""
