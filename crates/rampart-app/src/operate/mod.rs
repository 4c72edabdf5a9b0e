//! What operators do, each through the same commit path as everything else.
