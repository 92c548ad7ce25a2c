"""Agents that improve a policy through the Lab: one small module each behind one interface."""
