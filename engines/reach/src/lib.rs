//! Who can talk to whom, on what, and which rules decide.
