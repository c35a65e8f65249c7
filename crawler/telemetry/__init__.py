"""What the processes of an installation say of themselves: logs, and traces on wish."""
